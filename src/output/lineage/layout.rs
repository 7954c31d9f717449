//! Where boxes stand: in layers by how deep they are, ordered within a layer so that few lines cross.
//!
//! A line over several layers gets a narrow place in each layer between, so that it runs beside the boxes and not
//! through them.

use std::collections::VecDeque;

/// Space between two boxes of a layer, and between a box and a passing line.
const GAP: f64 = 22.0;
/// Space between two layers.
const BETWEEN: f64 = 96.0;
/// Height that a passing line takes.
const PASSING: f64 = 6.0;
/// Times that the order is bettered, there and back.
const SWEEPS: usize = 12;

/// Width and height of a box.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Where everything stands.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// Upper left corner of each box.
    pub(super) boxes: Vec<(f64, f64)>,
    /// For each edge asked for: the places between its ends that it passes, left to right.
    pub(super) ways: Vec<Vec<Passage>>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A place that a line passes: from `left` to `right` at height `y`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Passage {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) y: f64,
}

/// A box, or a line passing by.
struct Node {
    layer: usize,
    size: Size,
    before: Vec<usize>,
    after: Vec<usize>,
    /// Middle.
    y: f64,
}

/// Places boxes of these sizes; `edges` go from the first to the second.
pub(super) fn layout(sizes: &[Size], edges: &[(usize, usize)]) -> Layout {
    let layers = layers(sizes.len(), edges);
    let mut nodes: Vec<Node> = sizes
        .iter()
        .zip(&layers)
        .map(|(size, layer)| Node { layer: *layer, size: *size, before: Vec::new(), after: Vec::new(), y: 0.0 })
        .collect();
    let mut passing: Vec<Vec<usize>> = Vec::new();
    for &(from, to) in edges {
        let (mut last, mut ways) = (from, Vec::new());
        for layer in layers[from] + 1..layers[to] {
            let size = Size { width: 0.0, height: PASSING };
            nodes.push(Node { layer, size, before: Vec::new(), after: Vec::new(), y: 0.0 });
            ways.push(nodes.len() - 1);
            tie(&mut nodes, last, ways[ways.len() - 1]);
            last = ways[ways.len() - 1];
        }
        if layers[to] > layers[from] {
            tie(&mut nodes, last, to);
        }
        passing.push(ways);
    }
    let count = layers.iter().max().map_or(0, |deepest| deepest + 1);
    let mut order: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (at, node) in nodes.iter().enumerate() {
        order[node.layer].push(at);
    }
    for layer in &order {
        stack(&mut nodes, layer);
    }
    for sweep in 0..SWEEPS {
        if sweep % 2 == 0 {
            order.iter_mut().for_each(|layer| better(&mut nodes, layer, true));
        } else {
            order.iter_mut().rev().for_each(|layer| better(&mut nodes, layer, false));
        }
    }
    for _ in 0..2 {
        order.iter().for_each(|layer| settle(&mut nodes, layer, true));
        order.iter().rev().for_each(|layer| settle(&mut nodes, layer, false));
    }
    placed(&nodes, &order, passing, sizes.len())
}

fn tie(nodes: &mut [Node], from: usize, to: usize) {
    nodes[from].after.push(to);
    nodes[to].before.push(from);
}

/// The layer of each box: one more than the deepest that it has an edge from; boxes without any stand just before the
/// first that reads them. In a circle some edge goes back.
fn layers(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let (mut after, mut waiting) = (vec![Vec::new(); count], vec![0_usize; count]);
    for &(from, to) in edges {
        after[from].push(to);
        waiting[to] += 1;
    }
    let (mut layers, mut done) = (vec![0_usize; count], vec![false; count]);
    let mut roots: VecDeque<usize> = (0..count).filter(|&at| waiting[at] == 0).collect();
    let sources: Vec<usize> = roots.iter().copied().collect();
    let mut rest = 0..count;
    while let Some(at) = roots.pop_front().or_else(|| rest.find(|&at| !done[at])) {
        if std::mem::replace(&mut done[at], true) {
            continue;
        }
        for &to in after[at].iter().filter(|&&to| to != at) {
            if !done[to] {
                layers[to] = layers[to].max(layers[at] + 1);
            }
            waiting[to] = waiting[to].saturating_sub(1);
            if waiting[to] == 0 {
                roots.push_back(to);
            }
        }
    }
    for at in sources {
        if let Some(nearest) = after[at].iter().map(|&to| layers[to]).min() {
            layers[at] = nearest.saturating_sub(1);
        }
    }
    layers
}

/// One below the other, without gaps but the usual ones.
fn stack(nodes: &mut [Node], layer: &[usize]) {
    let mut y = 0.0;
    for &at in layer {
        nodes[at].y = y + nodes[at].size.height / 2.0;
        y += nodes[at].size.height + GAP;
    }
}

/// The mean height of the neighbours on one side; its own without any.
fn wanted(nodes: &[Node], at: usize, before: bool) -> f64 {
    let beside = if before { &nodes[at].before } else { &nodes[at].after };
    match beside.len() {
        0 => nodes[at].y,
        n => beside.iter().map(|&other| nodes[other].y).sum::<f64>() / n as f64,
    }
}

/// Orders a layer by where the neighbours on one side stand.
fn better(nodes: &mut [Node], layer: &mut [usize], before: bool) {
    let mut keyed: Vec<(f64, usize)> = layer.iter().map(|&at| (wanted(nodes, at, before), at)).collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    for (place, (_, at)) in layer.iter_mut().zip(keyed) {
        *place = at;
    }
    stack(nodes, layer);
}

/// Moves the boxes of a layer as near to their neighbours as their order lets them: least squares, by pooling those
/// that would overlap.
fn settle(nodes: &mut [Node], layer: &[usize], before: bool) {
    let mut pools: Vec<(f64, usize)> = Vec::new();
    let mut offsets = Vec::new();
    let mut offset = 0.0;
    for (i, &at) in layer.iter().enumerate() {
        if i > 0 {
            offset += (nodes[layer[i - 1]].size.height + nodes[at].size.height) / 2.0 + GAP;
        }
        offsets.push(offset);
        pools.push((wanted(nodes, at, before) - offset, 1));
        while let [.., (above, n), (below, m)] = pools[..]
            && above > below
        {
            pools.truncate(pools.len() - 2);
            pools.push(((above * n as f64 + below * m as f64) / (n + m) as f64, n + m));
        }
    }
    let means = pools.iter().flat_map(|&(mean, n)| std::iter::repeat_n(mean, n));
    for ((&at, mean), offset) in layer.iter().zip(means).zip(offsets) {
        nodes[at].y = mean + offset;
    }
}

fn placed(nodes: &[Node], order: &[Vec<usize>], passing: Vec<Vec<usize>>, boxes: usize) -> Layout {
    let top = nodes.iter().map(|n| n.y - n.size.height / 2.0).fold(f64::INFINITY, f64::min);
    let top = if top.is_finite() { top } else { 0.0 };
    let (mut x, mut lefts, mut widths) = (0.0, Vec::new(), Vec::new());
    for layer in order {
        let width = layer.iter().map(|&at| nodes[at].size.width).fold(0.0, f64::max);
        lefts.push(x);
        widths.push(width);
        x += width + BETWEEN;
    }
    let passage = |&at: &usize| {
        let layer = nodes[at].layer;
        Passage { left: lefts[layer], right: lefts[layer] + widths[layer], y: nodes[at].y - top }
    };
    Layout {
        boxes: nodes[..boxes].iter().map(|n| (lefts[n.layer], n.y - n.size.height / 2.0 - top)).collect(),
        ways: passing.iter().map(|way| way.iter().map(passage).collect()).collect(),
        width: (x - BETWEEN).max(0.0),
        height: nodes.iter().map(|n| n.y + n.size.height / 2.0 - top).fold(0.0, f64::max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sizes(count: usize) -> Vec<Size> {
        (0..count).map(|i| Size { width: 100.0, height: 20.0 + (i % 3) as f64 * 30.0 }).collect()
    }

    #[test]
    fn what_is_read_stands_left_and_long_lines_pass_beside() {
        let laid = layout(&sizes(4), &[(0, 1), (1, 2), (0, 2), (3, 2)]);
        let x = |at: usize| laid.boxes[at].0;
        assert!(x(0) < x(1) && x(1) < x(2));
        assert_eq!(x(3), x(1), "a source stands just before its reader");
        assert_eq!(laid.ways[2].len(), 1);
        let (passage, (left, top)) = (laid.ways[2][0], laid.boxes[1]);
        assert_eq!(passage.left, left);
        assert!(passage.y < top || passage.y > top + 50.0, "{passage:?} runs through {top}");
    }

    #[test]
    fn two_pairs_do_not_cross() {
        let laid = layout(&sizes(4), &[(0, 3), (1, 2)]);
        assert_eq!(laid.boxes[0].1 < laid.boxes[1].1, laid.boxes[3].1 < laid.boxes[2].1);
    }

    proptest! {
        #[test]
        fn no_two_boxes_overlap_whatever_the_edges(edges in prop::collection::vec((0_usize..12, 0_usize..12), 0..40)) {
            let sizes = sizes(12);
            let laid = layout(&sizes, &edges);
            for a in 0..12 {
                for b in 0..a {
                    let ((ax, ay), (bx, by)) = (laid.boxes[a], laid.boxes[b]);
                    let apart = ax + sizes[a].width <= bx || bx + sizes[b].width <= ax
                        || ay + sizes[a].height <= by + 1e-6 || by + sizes[b].height <= ay + 1e-6;
                    prop_assert!(apart, "{a} at {ax},{ay} and {b} at {bx},{by}");
                    prop_assert!(ay >= -1e-6 && ay + sizes[a].height <= laid.height + 1e-6);
                }
            }
        }
    }
}
