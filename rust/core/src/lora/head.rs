//! Cross-entropy over a vocabulary, and its gradient, without keeping logits: a few rows at a time.

use rayon::prelude::*;

use super::gemm::{plain, product, transposed};
use super::ops;

/// Rows of logits that are held at a time: with fewer, preparing the weight for each product costs as much
/// as the product.
const ROWS: usize = 160;

/// Negative log-likelihood of each row's target, and, in `dh`, its gradient with respect to the row.
///
/// `h` is [rows, width], `weight` [vocabulary, width]; logits are `h weight'`.
///
/// # Panics
/// When a slice does not have the size that the others say, or a target is not in the vocabulary.
pub fn cross_entropy(h: &[f32], weight: &[f32], targets: &[u32], losses: &mut [f32], dh: Option<&mut [f32]>) {
    let rows = targets.len();
    assert!(
        rows > 0 && h.len().is_multiple_of(rows) && losses.len() == rows,
        "a loss and a target for each row"
    );
    let width = h.len() / rows;
    let vocabulary = weight.len() / width;
    assert_eq!(weight.len(), vocabulary * width, "the weight is [vocabulary, width]");
    assert!(targets.iter().all(|&target| (target as usize) < vocabulary), "targets are in the vocabulary");
    assert!(dh.as_ref().is_none_or(|dh| dh.len() == h.len()), "a gradient for each element of h");
    let mut logits = vec![0.0; ROWS.min(rows) * vocabulary];
    let mut gradients = dh.map(|dh| dh.chunks_mut(ROWS * width));
    let chunks = h.chunks(ROWS * width).zip(targets.chunks(ROWS)).zip(losses.chunks_mut(ROWS));
    for ((h, targets), losses) in chunks {
        let n = targets.len();
        let logits = &mut logits[..n * vocabulary];
        product(
            [n, vocabulary, width],
            1.0,
            plain(h, width),
            transposed(weight, width),
            0.0,
            logits,
            vocabulary,
        );
        let rows = (logits.par_chunks_exact_mut(vocabulary), targets, losses);
        rows.into_par_iter().for_each(|(row, &target, loss)| {
            let own = row[target as usize];
            let mut log_sum = [0.0];
            ops::softmax(row, &mut log_sum);
            *loss = log_sum[0] - own;
            row[target as usize] -= 1.0;
        });
        if let Some(dh) = gradients.as_mut().and_then(Iterator::next) {
            let weight = plain(weight, width);
            product([n, width, vocabulary], 1.0, plain(logits, vocabulary), weight, 0.0, dh, width);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 5;

    /// In float64, from the definition.
    fn loss(h: &[f32], weight: &[f32], target: usize) -> f64 {
        let logits: Vec<f64> =
            weight.chunks(WIDTH).map(|w| w.iter().zip(h).map(|(a, b)| f64::from(a * b)).sum()).collect();
        logits.iter().map(|x| x.exp()).sum::<f64>().ln() - logits[target]
    }

    fn values(len: usize, from: usize) -> Vec<f32> {
        (0..len).map(|i| ((i * 37 + from * 11) % 23) as f32 / 8.0 - 1.4).collect()
    }

    #[test]
    fn losses_and_gradients_are_those_of_the_definition() {
        let (rows, vocabulary) = (2 * ROWS + 3, 17);
        let (h, weight) = (values(rows * WIDTH, 1), values(vocabulary * WIDTH, 2));
        let targets: Vec<u32> = (0..rows).map(|i| (i * 5 % vocabulary) as u32).collect();
        let (mut losses, mut dh) = (vec![0.0; rows], vec![0.0; h.len()]);
        cross_entropy(&h, &weight, &targets, &mut losses, Some(&mut dh));
        let mut alone = vec![0.0; rows];
        cross_entropy(&h, &weight, &targets, &mut alone, None);
        assert_eq!(losses, alone);
        for i in 0..rows {
            let (row, target) = (&h[i * WIDTH..(i + 1) * WIDTH], targets[i] as usize);
            assert!((f64::from(losses[i]) - loss(row, &weight, target)).abs() < 1e-5);
            for j in 0..WIDTH {
                let moved = |by: f32| {
                    let mut row = row.to_vec();
                    row[j] += by;
                    loss(&row, &weight, target)
                };
                let slope = (moved(0.0625) - moved(-0.0625)) / 0.125;
                assert!((f64::from(dh[i * WIDTH + j]) - slope).abs() < 1e-2, "row {i}, column {j}");
            }
        }
    }

    #[test]
    fn large_logits_do_not_overflow() {
        let (mut losses, mut dh) = ([0.0], [0.0]);
        cross_entropy(&[200.0], &[1.0, -1.0], &[1], &mut losses, Some(&mut dh));
        assert_eq!(losses, [400.0]);
        assert_eq!(dh, [2.0]);
    }
}
