//! Places people on seats: each on one at most, as many seats filled as can be.

/// For each seat the person on it, given who may take it (`may[seat]` lists people). Seats earlier in `order` are
/// filled first and keep being filled; people move to another seat of theirs where that frees one.
pub fn place(may: &[Vec<usize>], order: &[usize]) -> Vec<Option<usize>> {
    let people = may.iter().flatten().max().map_or(0, |most| most + 1);
    let mut seat_of: Vec<Option<usize>> = vec![None; people];
    for seat in order {
        let mut asked = vec![false; people];
        take(*seat, may, &mut seat_of, &mut asked);
    }
    let mut placed = vec![None; may.len()];
    for (person, seat) in seat_of.iter().enumerate() {
        if let Some(seat) = seat {
            placed[*seat] = Some(person);
        }
    }
    placed
}

/// Finds somebody for the seat, moving others along a path if need be.
fn take(seat: usize, may: &[Vec<usize>], seat_of: &mut [Option<usize>], asked: &mut [bool]) -> bool {
    for person in &may[seat] {
        if std::mem::replace(&mut asked[*person], true) {
            continue;
        }
        let free = match seat_of[*person] {
            None => true,
            Some(other) => take(other, may, seat_of, asked),
        };
        if free {
            seat_of[*person] = Some(seat);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn nobody_sits_twice_and_people_move_where_they_are_needed() {
        assert_eq!(place(&[vec![0], vec![0]], &[0, 1]), [Some(0), None]);
        assert_eq!(place(&[vec![0, 1], vec![0]], &[0, 1]), [Some(1), Some(0)]);
        assert_eq!(place(&[vec![0, 1], vec![1, 2], vec![0]], &[0, 1, 2]), [Some(1), Some(2), Some(0)]);
        assert_eq!(place(&[vec![], vec![3]], &[0, 1]), [None, Some(3)]);
        assert_eq!(place(&[vec![0], vec![0]], &[1, 0]), [None, Some(0)]);
        assert_eq!(place(&[], &[]), [] as [Option<usize>; 0]);
    }
}
