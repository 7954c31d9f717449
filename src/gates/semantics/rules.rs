//! The rules of `semantics`, named for the defect.

use crate::gates::Rule;

macro_rules! rules {
    ($($id:literal: $what:literal, $help:literal;)*) => {
        &[$(Rule { id: concat!("semantics/", $id), what: $what, help: $help }),*]
    };
}

pub(super) const RULES: &[Rule] = rules! {
    "fan-out": "A join repeats rows, and something above it counts them more than once.",
        "Bring the joined side to one row for each join key before the join, or aggregate before joining. Declare keys with unique tests so that Rowproof knows them.";
    "filter-dropped": "A filter of base is gone.", "Restore it, or say in the pull request why those rows belong in.";
    "filter-weakened": "A filter of base lets more rows through.", "Check that it is meant, or restore the old condition.";
    "outer-join-made-inner": "A filter or a later join drops the rows for which an outer join was written.",
        "Move the condition to ON, or write `inner join` if those rows should go.";
    "preserved-side-filter": "A condition in ON asks about the preserved side alone, where it filters nothing.", "Move it to WHERE.";
    "non-additive-summed": "A ratio, an average or a percentile is added up.", "Sum numerator and denominator apart and divide the sums.";
    "average-of-averages": "An average is taken of averages or ratios.", "Divide the sum of the numerators by the sum of the denominators.";
    "semi-additive-over-time": "A balance or stock is added up over the time over which it must not be.", "Group by that time, or take its last value first.";
    "sum-of-distinct-counts": "Counts of distinct values are added up.", "Count the distinct values once more at the grain that is wanted.";
    "group-keys-changed": "A row stands for something else than on base.", "Make a new model for a new grain, or restore the keys.";
    "aggregate-changed": "A column has its name from before and another aggregate.", "Give the new aggregate a name of its own.";
    "count-form-changed": "A column counts something else: all rows, values, or distinct values.", "Check which of them the column means.";
    "closed-window": "A period ends at midnight or within its last second, and loses what comes after.", "Compare with `<` the first moment after the period.";
    "window-on-one-side": "A period bounds one of two relations that both have rows over time.", "Bound the other too, or join on the period.";
    "null-as-zero-in-average": "NULL is made 0 before it is averaged or counted.", "Leave NULL as it is: aggregates skip it.";
    "average-of-case-without-else": "An average over a CASE without ELSE is always its one value.", "Add `else 0`.";
    "not-in-nullable": "NOT IN over something that may hold NULL keeps no row.", "Use NOT EXISTS, or filter NULL out.";
    "null-comparison": "A comparison with NULL is never true.", "Write IS NULL or IS NOT NULL.";
    "join-condition-missing": "Nothing ties a joined relation to the others.", "Name the columns that belong together; write CROSS JOIN where the product is meant.";
    "join-condition-tautological": "A join condition is always true.", "Compare a column of each side.";
    "join-condition-partial": "A relation is joined on a part of its key, while the rest of it is at hand.", "Join on the whole key.";
    "join-condition-changed": "A relation is joined on other columns than on base.", "Check that they mean the same thing on both sides.";
    "integer-division": "Whole numbers are divided, and the fraction is dropped.", "Multiply by 1.0 or cast before the division.";
    "lossy-cast": "A new cast or rounding loses digits.", "Keep the precision, and round where the number is shown.";
    "try-cast": "Values that cannot be cast become NULL instead of failing.", "Let them fail, or count them with a test.";
    "distinct-band-aid": "DISTINCT hides repeated rows instead of removing their cause.", "Mend the join that repeats rows.";
    "union-changed": "A set operation keeps other rows than on base.", "Restore it unless that is what the model should do.";
    "unit-mismatch": "Values of two units are mixed, or called by the name of another unit.", "Bring them to one unit first.";
    "timezone-shift": "Times of two zones are mixed, or a column moved to another zone.", "Bring them to one zone, and keep it under the old name.";
    "and-or-precedence": "AND and OR stand side by side without brackets.", "Put brackets around what belongs together.";
    "window-frame-default": "An ordered window without a frame ends with the current row.", "Write the frame that is meant.";
    "string-compared-as-number": "Text is compared as if it were a number.", "Cast it first.";
    "tie-less-top-n": "Rows are picked by an order with ties.", "End the order with a unique column.";
    "nondeterministic": "The result depends on the time of the run or on chance.", "Take the moment from the data or from a variable.";
    "unguarded-division": "A divisor may be 0.", "Divide by nullif(x, 0).";
    "stray-limit": "A LIMIT without an order cuts a model.", "Take it out.";
};
