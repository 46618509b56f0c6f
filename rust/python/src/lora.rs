//! A llama layer with LoRA for NumPy arrays.

use numpy::{PyArray1, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;
use t2sql_core::lora::{AdamW, Adapter, Block, Layer, Shape, Weights};

use crate::errors::wrong;

type Array<'py> = PyReadonlyArrayDyn<'py, f32>;
type Flat<'py> = Bound<'py, PyArray1<f32>>;

/// The frozen arrays, the adapters, and (cos, sin), as slices.
struct Given<'a> {
    weights: Weights<'a>,
    adapters: [Option<Adapter<'a>>; 7],
    turns: [&'a [f32]; 2],
}

#[pyclass(module = "t2sql._core")]
pub struct LlamaLayer(Layer);

#[pymethods]
impl LlamaLayer {
    #[new]
    #[pyo3(signature = (*, hidden, heads, kv_heads, head_width, ffn, eps))]
    fn new(
        hidden: usize,
        heads: usize,
        kv_heads: usize,
        head_width: usize,
        ffn: usize,
        eps: f32,
    ) -> LlamaLayer {
        LlamaLayer(Layer::new(Shape { hidden, heads, kv_heads, head_width, ffn, eps }))
    }

    #[allow(clippy::too_many_arguments)]
    fn forward<'py>(
        &mut self,
        py: Python<'py>,
        blocks: Vec<[usize; 4]>,
        x: Array<'py>,
        weights: Vec<Array<'py>>,
        adapters: Vec<Option<Array<'py>>>,
        scale: f32,
        turns: [Array<'py>; 2],
    ) -> PyResult<Flat<'py>> {
        let given = self.given(py, &weights, &adapters, scale, &turns)?;
        let x = slice(py, &x)?;
        let mut out = vec![0.0; x.len()];
        let hidden = self.0.shape().hidden;
        let rows = x.len() / hidden.max(1);
        if x.is_empty() || x.len() != rows * hidden {
            return Err(wrong(py, "array does not fit", "x of [rows, hidden]", x.len()));
        }
        let block = |[row, length, prefix_row, prefix_length]: [usize; 4]| Block {
            row,
            length,
            prefix_row,
            prefix_length,
        };
        let blocks: Vec<Block> = blocks.into_iter().map(block).collect();
        if !Block::tile(&blocks, rows) {
            let expected = format!("blocks that follow each other over {rows} rows, prefixes within them");
            return Err(wrong(py, "blocks do not fit", expected, format!("{blocks:?}")));
        }
        self.check_turns(py, rows, given.turns)?;
        let layer = &mut self.0;
        py.detach(|| {
            layer.forward(&blocks, x, &given.weights, &given.adapters, given.turns, &mut out);
        });
        Ok(PyArray1::from_vec(py, out))
    }

    fn backward<'py>(
        &mut self,
        py: Python<'py>,
        dy: Array<'py>,
        weights: Vec<Array<'py>>,
        adapters: Vec<Option<Array<'py>>>,
        scale: f32,
        turns: [Array<'py>; 2],
    ) -> PyResult<(Flat<'py>, Vec<Option<Flat<'py>>>)> {
        let given = self.given(py, &weights, &adapters, scale, &turns)?;
        let dy = slice(py, &dy)?;
        let rows = self.0.rows();
        if rows == 0 || dy.len() != rows * self.0.shape().hidden {
            let expected = "the gradient of the last forward's output";
            return Err(wrong(py, "array does not fit", expected, dy.len()));
        }
        self.check_turns(py, rows, given.turns)?;
        let mut dx = vec![0.0; dy.len()];
        let layer = &mut self.0;
        let gradients =
            py.detach(|| layer.backward(&given.weights, &given.adapters, given.turns, dy, &mut dx));
        let array = |data| PyArray1::from_vec(py, data);
        let pairs = gradients.into_iter().flat_map(|pair| match pair {
            Some((a, b)) => [Some(array(a)), Some(array(b))],
            None => [None, None],
        });
        Ok((PyArray1::from_vec(py, dx), pairs.collect()))
    }
}

impl LlamaLayer {
    fn check_turns(&self, py: Python<'_>, rows: usize, turns: [&[f32]; 2]) -> PyResult<()> {
        let half = self.0.shape().head_width / 2;
        match turns.into_iter().find(|turn| turn.len() != rows * half) {
            Some(turn) => Err(wrong(py, "array does not fit", "a turn for every row", turn.len())),
            None => Ok(()),
        }
    }

    fn given<'a>(
        &self,
        py: Python<'_>,
        weights: &'a [Array<'_>],
        adapters: &'a [Option<Array<'_>>],
        scale: f32,
        [cos, sin]: &'a [Array<'_>; 2],
    ) -> PyResult<Given<'a>> {
        let shape = self.0.shape();
        let bad = |what: &str, found: usize| wrong(py, "array does not fit", what, found);
        if weights.len() != 9 || adapters.len() != 14 {
            return Err(bad("9 weights and 14 adapter arrays", weights.len() + adapters.len()));
        }
        let all = weights.iter().map(|w| slice(py, w)).collect::<PyResult<Vec<_>>>()?;
        for (norm, found) in all[..2].iter().zip(["input norm", "post norm"]) {
            if norm.len() != shape.hidden {
                return Err(bad(found, norm.len()));
            }
        }
        let mut pairs = [None; 7];
        for (i, (inputs, outputs)) in shape.sizes().into_iter().enumerate() {
            if all[2 + i].len() != inputs * outputs {
                return Err(bad("a projection of [outputs, inputs]", all[2 + i].len()));
            }
            if let (Some(a), Some(b)) = (&adapters[2 * i], &adapters[2 * i + 1]) {
                let (a, b) = (slice(py, a)?, slice(py, b)?);
                if a.len() % inputs != 0 || b.len() != a.len() / inputs * outputs {
                    return Err(bad("an adapter of [inputs, rank] and [rank, outputs]", a.len()));
                }
                pairs[i] = Some(Adapter { a, b, scale });
            }
        }
        let weights = Weights {
            input_norm: all[0],
            post_norm: all[1],
            projections: std::array::from_fn(|i| all[2 + i]),
        };
        Ok(Given { weights, adapters: pairs, turns: [slice(py, cos)?, slice(py, sin)?] })
    }
}

/// Losses [rows] of targets for states h [rows, width] under `weight` [vocabulary, width], and, where
/// asked for, the gradient of each row's loss with respect to the row, flat.
#[pyfunction]
#[pyo3(signature = (h, weight, targets, *, gradient))]
pub fn cross_entropy<'py>(
    py: Python<'py>,
    h: Array<'py>,
    weight: Array<'py>,
    targets: Vec<u32>,
    gradient: bool,
) -> PyResult<(Flat<'py>, Option<Flat<'py>>)> {
    let (h, weight) = (slice(py, &h)?, slice(py, &weight)?);
    let bad = |expected: String, found: usize| wrong(py, "array does not fit", expected, found);
    let rows = targets.len();
    let width = h.len() / rows.max(1);
    if width == 0 || h.len() != rows * width {
        return Err(bad(format!("states [{rows}, width]"), h.len()));
    }
    let vocabulary = weight.len() / width;
    if weight.len() != vocabulary * width {
        return Err(bad(format!("a weight of [vocabulary, {width}]"), weight.len()));
    }
    if let Some(&target) = targets.iter().find(|&&target| target as usize >= vocabulary) {
        return Err(bad(format!("targets below {vocabulary}"), target as usize));
    }
    let mut losses = vec![0.0; rows];
    let mut dh = gradient.then(|| vec![0.0; h.len()]);
    py.detach(|| t2sql_core::lora::cross_entropy(h, weight, &targets, &mut losses, dh.as_deref_mut()));
    Ok((PyArray1::from_vec(py, losses), dh.map(|dh| PyArray1::from_vec(py, dh))))
}

/// One step of AdamW: the new parameter, first and second moment, flat.
#[pyfunction]
#[pyo3(signature = (parameter, gradient, m, v, *, rate, betas, eps, decay, step))]
#[allow(clippy::too_many_arguments)]
pub fn adamw<'py>(
    py: Python<'py>,
    parameter: Array<'py>,
    gradient: Array<'py>,
    m: Array<'py>,
    v: Array<'py>,
    rate: f32,
    betas: [f32; 2],
    eps: f32,
    decay: f32,
    step: i32,
) -> PyResult<[Flat<'py>; 3]> {
    let gradient = slice(py, &gradient)?;
    let mut moved = [slice(py, &parameter)?.to_vec(), slice(py, &m)?.to_vec(), slice(py, &v)?.to_vec()];
    if let Some(other) = moved.iter().find(|part| part.len() != gradient.len()) {
        return Err(wrong(py, "array does not fit", format!("{} elements", gradient.len()), other.len()));
    }
    let [p, m, v] = &mut moved;
    AdamW { rate, betas, eps, decay, step }.apply(p, gradient, m, v);
    Ok(moved.map(|part| PyArray1::from_vec(py, part)))
}

fn slice<'a>(py: Python<'_>, array: &'a Array<'_>) -> PyResult<&'a [f32]> {
    let bad = || wrong(py, "array is strided", "a C-contiguous array (numpy.ascontiguousarray)", "strides");
    if !array.is_c_contiguous() {
        return Err(bad());
    }
    array.as_slice().map_err(|_| bad())
}
