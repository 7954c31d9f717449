//! Colours of the picture: told apart by people who do not see red and green, and never alone in telling.

/// The rules. All are under the picture's class: within a page they touch nothing else.
pub(super) const STYLE: &str = "
.rowproof-budget text { font: 12px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1c1e21 }
.rowproof-budget .title { font-size: 18px; font-weight: 700 }
.rowproof-budget .name, .rowproof-budget .panel, .rowproof-budget .label { font-weight: 600 }
.rowproof-budget .name, .rowproof-budget .panel { font-size: 14px }
.rowproof-budget .faint { fill: #5b6168 }
.rowproof-budget .row { fill: #1c1e21 } .rowproof-budget .immature { font-style: italic }
.rowproof-budget .mid { text-anchor: middle } .rowproof-budget .end { text-anchor: end }
.rowproof-budget .page { fill: #ffffff; stroke: #d5d9de }
.rowproof-budget .grid { stroke: #e4e7ea; stroke-width: 1 } .rowproof-budget .axis { stroke: #8b929a; stroke-width: 1 }
.rowproof-budget .budget { stroke: #b34700; stroke-width: 2 } .rowproof-budget text.promise { fill: #b34700; font-weight: 600 }
.rowproof-budget .whisker { fill: none; stroke-width: 1.5 } .rowproof-budget .bounds { stroke-width: 5; stroke-opacity: .45 }
.rowproof-budget .young { stroke-dasharray: 4 3 }
.rowproof-budget .llm { stroke: #0063a8 } .rowproof-budget .other { stroke: #7d858d }
.rowproof-budget .dot.llm { fill: #0063a8 } .rowproof-budget .dot.other { fill: #7d858d }
.rowproof-budget .dot.hollow { fill: #ffffff; stroke-width: 2 }
.rowproof-budget .met { fill: #00684a } .rowproof-budget .unproven { fill: #6d5200 }
.rowproof-budget .exceeded { fill: #b3261e; font-weight: 700 }
@media (prefers-color-scheme: dark) {
.rowproof-budget text, .rowproof-budget .row { fill: #e6e8ea } .rowproof-budget .faint { fill: #a3abb3 }
.rowproof-budget .page { fill: #14171a; stroke: #3b4148 }
.rowproof-budget .grid { stroke: #2a2f35 } .rowproof-budget .axis { stroke: #7d858d }
.rowproof-budget .budget { stroke: #ff9d4d } .rowproof-budget text.promise { fill: #ff9d4d }
.rowproof-budget .llm { stroke: #56b4e9 } .rowproof-budget .other { stroke: #98a1aa }
.rowproof-budget .dot.llm { fill: #56b4e9 } .rowproof-budget .dot.other { fill: #98a1aa }
.rowproof-budget .dot.hollow { fill: #14171a }
.rowproof-budget .met { fill: #5fd0a5 } .rowproof-budget .unproven { fill: #e5c04b }
.rowproof-budget .exceeded { fill: #ff8a80 }
}
";
