//! Aggregations that choose members of a group and leave them as they are.

use super::aggregation::Members;
use super::column::{ABSENT, Column, Vector, is_present};
use super::evaluate::Query;
use super::sorting::{Direction, nan_last};
use crate::promql::ast::AggregateOp;
use crate::promql::error::Error;
use model::Labels;

impl Query<'_> {
    /// `topk`, `bottomk`, `limitk` and `limit_ratio`. Of one step, members come best first;
    /// between equals labels decide, so that a step is the same in every range.
    pub fn rank(
        &self,
        op: AggregateOp,
        groups: &[Members<'_>],
        param: &[f64],
    ) -> Result<Vector, Error> {
        let mut vector = Vector::new();
        for group in groups {
            self.hold(group.columns.len() * param.len())?;
            let mut columns = group.columns.clone();
            columns.sort_by(|a, b| a.labels.cmp(&b.labels));
            let chosen = choose(op, &columns, param);
            let order = if let [only] = chosen.as_slice() {
                only.clone()
            } else {
                (0..columns.len()).collect()
            };
            let mut cells = vec![vec![ABSENT; param.len()]; columns.len()];
            for (step, members) in chosen.iter().enumerate() {
                for &member in members {
                    cells[member][step] = columns[member].cells[step];
                }
            }
            vector.extend(order.into_iter().map(|member| {
                let cells = std::mem::take(&mut cells[member]);
                Column { cells, ..shell(columns[member]) }
            }));
        }
        vector.retain(Column::is_any_present);
        Ok(vector)
    }
}

/// The column without its cells.
fn shell(column: &Column) -> Column {
    let labels = column.labels.clone();
    Column { labels, cells: Vec::new(), drops_name: column.drops_name }
}

/// For each step the members chosen, best first.
fn choose(op: AggregateOp, members: &[&Column], param: &[f64]) -> Vec<Vec<usize>> {
    let shares: Vec<f64> = match op {
        AggregateOp::LimitRatio => members.iter().map(|column| share(&column.labels)).collect(),
        _ => Vec::new(),
    };
    let at_step = |(step, &param): (usize, &f64)| {
        let mut present: Vec<usize> =
            (0..members.len()).filter(|&m| is_present(members[m].cells[step])).collect();
        if op == AggregateOp::LimitRatio {
            let ratio = param.clamp(-1.0, 1.0);
            present.retain(|&member| is_in_ratio(shares[member], ratio));
            return present;
        }
        let count = if param < 1.0 { 0 } else { param as usize };
        let direction = match op {
            AggregateOp::Topk => Direction::Descending,
            _ => Direction::Ascending,
        };
        if op != AggregateOp::Limitk {
            let order = |a: &usize, b: &usize| {
                nan_last(members[*a].cells[step], members[*b].cells[step], direction).then(a.cmp(b))
            };
            if 0 < count && count < present.len() {
                present.select_nth_unstable_by(count - 1, order);
                present.truncate(count);
            }
            present.sort_by(order);
        }
        present.truncate(count);
        present
    };
    param.iter().enumerate().map(at_step).collect()
}

/// A positive ratio takes from the start of the line, a negative one from its end, so that
/// `r` and `r - 1` share the series out between them.
fn is_in_ratio(share: f64, ratio: f64) -> bool {
    if ratio >= 0.0 { share < ratio } else { share >= 1.0 + ratio }
}

/// Where the series stands on a line from 0 to 1: a hash of its labels, the same in every
/// query and process.
fn share(labels: &Labels) -> f64 {
    // FNV-1a, whose high bits are then mixed as in MurmurHash3's finaliser.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut push = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    for (name, value) in labels.iter() {
        // 0xff is no byte of UTF-8, so that it separates.
        name.bytes().chain([0xff]).chain(value.bytes()).chain([0xff]).for_each(&mut push);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^= hash >> 33;
    // Rounding must not reach 1, which a ratio of 1 would leave out.
    (hash >> 11) as f64 / (1u64 << 53) as f64
}
