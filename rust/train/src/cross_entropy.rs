//! Cross-entropy over a vocabulary and its gradient, a few rows at a time: the logits of all rows would take
//! gigabytes.

use rayon::prelude::*;

use crate::kernels;
use crate::products::{product, Direction, FrozenWeight, Product};
use crate::spec::ProjectionShape;

/// Most rows of logits in memory at a time: 31 MB at a vocabulary of 49,152. The whole weight is rearranged for
/// each product, which few rows do not pay for: with that vocabulary, a hidden size of 576 and the gradient, a
/// row takes 9.4 ms on one thread among 10 rows, 4.7 among 40, and 2.8 to 2.9 among 80 or 160.
const ROWS: usize = 160;

/// Computes the negative log-likelihood (in nats) of each row's target under `softmax(h weight')`, and, where
/// `dh` is given, the gradient of each row's loss with respect to that row. With a `cap`, a logit x is
/// cap * tanh(x / cap) (Gemma 2).
///
/// `h` and `dh` are `[rows, hidden]`, `weight` is `[vocabulary, hidden]`, `targets` and `losses` are
/// `[rows]`.
///
/// # Panics
/// When there is no row, a slice's length contradicts the others, or a target is not below the
/// vocabulary's size.
pub fn cross_entropy(
    h: &[f32],
    weight: FrozenWeight,
    cap: Option<f32>,
    targets: &[u32],
    losses: &mut [f32],
    dh: Option<&mut [f32]>,
) {
    let rows = targets.len();
    let whole = rows > 0 && h.len().is_multiple_of(rows) && losses.len() == rows;
    assert!(whole, "one target and one loss for each row");
    let hidden = h.len() / rows;
    let vocabulary = weight.len() / hidden.max(1);
    let shape = ProjectionShape { inputs: hidden, outputs: vocabulary };
    assert!(weight.fits(shape), "the weight is [vocabulary, hidden]");
    assert!(targets.iter().all(|&target| (target as usize) < vocabulary), "targets are in the vocabulary");
    assert!(dh.as_ref().is_none_or(|dh| dh.len() == h.len()), "a gradient for each element of h");
    // Chunks of about one size: a few rows left over would pay for a whole weight.
    let most = rows.div_ceil(rows.div_ceil(ROWS));
    let mut logits = vec![0.0; most * vocabulary];
    let mut gradients = dh.map(|dh| dh.chunks_mut(most * hidden));
    let chunks = h.chunks(most * hidden).zip(targets.chunks(most)).zip(losses.chunks_mut(most));
    for ((h, targets), losses) in chunks {
        let n = targets.len();
        let logits = &mut logits[..n * vocabulary];
        let head = |direction| Product { rows: n, shape, weight, direction };
        product(&head(Direction::Forward), h, false, logits);
        let rows = (logits.par_chunks_exact_mut(vocabulary), targets, losses);
        rows.into_par_iter().for_each_init(Vec::new, |capped, (row, &target, loss)| {
            if let Some(cap) = cap {
                kernels::soft_cap(row, 1.0, cap);
                capped.clear();
                capped.extend_from_slice(row);
            }
            let target_logit = row[target as usize];
            let mut log_sum_exp = 0.0;
            kernels::softmax(row, &mut log_sum_exp);
            *loss = log_sum_exp - target_logit;
            row[target as usize] -= 1.0;
            if let Some(cap) = cap {
                kernels::soft_cap_backward(capped, row, 1.0, cap);
            }
        });
        if let Some(dh) = gradients.as_mut().and_then(Iterator::next) {
            product(&head(Direction::Backward), logits, false, dh);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIDDEN: usize = 5;

    /// The loss in float64, from its definition.
    fn loss(h: &[f32], weight: &[f32], cap: Option<f32>, target: usize) -> f64 {
        let mut logits: Vec<f64> =
            weight.chunks(HIDDEN).map(|w| w.iter().zip(h).map(|(a, b)| f64::from(a * b)).sum()).collect();
        if let Some(cap) = cap.map(f64::from) {
            logits.iter_mut().for_each(|x| *x = cap * (*x / cap).tanh());
        }
        logits.iter().map(|x| x.exp()).sum::<f64>().ln() - logits[target]
    }

    fn values(len: usize, from: usize) -> Vec<f32> {
        (0..len).map(|i| ((i * 37 + from * 11) % 23) as f32 / 8.0 - 1.4).collect()
    }

    #[test]
    fn losses_and_gradients_are_those_of_the_definition() {
        for cap in [None, Some(2.5)] {
            compare_with_the_definition(cap);
        }
    }

    fn compare_with_the_definition(cap: Option<f32>) {
        let (rows, vocabulary) = (2 * ROWS + 3, 17);
        let (h, weight) = (values(rows * HIDDEN, 1), values(vocabulary * HIDDEN, 2));
        let targets: Vec<u32> = (0..rows).map(|i| (i * 5 % vocabulary) as u32).collect();
        let (mut losses, mut dh) = (vec![0.0; rows], vec![0.0; h.len()]);
        let frozen = FrozenWeight::from(weight.as_slice());
        cross_entropy(&h, frozen, cap, &targets, &mut losses, Some(&mut dh));
        let mut losses_only = vec![0.0; rows];
        cross_entropy(&h, frozen, cap, &targets, &mut losses_only, None);
        assert_eq!(losses, losses_only);
        for i in 0..rows {
            let (row, target) = (&h[i * HIDDEN..(i + 1) * HIDDEN], targets[i] as usize);
            assert!((f64::from(losses[i]) - loss(row, &weight, cap, target)).abs() < 1e-5);
            for j in 0..HIDDEN {
                let moved = |by: f32| {
                    let mut row = row.to_vec();
                    row[j] += by;
                    loss(&row, &weight, cap, target)
                };
                let slope = (moved(0.0625) - moved(-0.0625)) / 0.125;
                assert!((f64::from(dh[i * HIDDEN + j]) - slope).abs() < 1e-2, "row {i}, column {j}");
            }
        }
    }

    #[test]
    fn large_logits_do_not_overflow() {
        let (mut losses, mut dh) = ([0.0], [0.0]);
        cross_entropy(&[200.0], [1.0, -1.0].as_slice().into(), None, &[1], &mut losses, Some(&mut dh));
        assert_eq!(losses, [400.0]);
        assert_eq!(dh, [2.0]);
    }
}
