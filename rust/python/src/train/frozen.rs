//! A frozen matrix as a Python object that holds NumPy arrays as they are stored.

use half::f16;
use half::slice::HalfFloatSliceExt;
use numpy::{Element, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;
use t2sql_train::{self as train, Affine, Floats, Kernels, Stored};

use crate::errors::wrong;

/// A C-contiguous array that is borrowed when it is used.
type Held<T> = Py<PyArrayDyn<T>>;

/// A matrix that is not trained.
#[pyclass(module = "t2sql._core", frozen)]
pub struct FrozenWeight {
    values: Values,
    kernels: Kernels,
}

enum Values {
    F32(Held<f32>),
    F16(Held<f16>),
    Bf16(Held<u16>),
    Affine { codes: Held<u32>, scales: Numbers, biases: Numbers, bits: u32, group_size: usize },
}

/// An array of a float type; bfloat16 as the bits.
enum Numbers {
    F32(Held<f32>),
    F16(Held<f16>),
    Bf16(Held<u16>),
}

#[pymethods]
impl FrozenWeight {
    #[new]
    #[pyo3(signature = (values, *, scales=None, biases=None, bits=0, group_size=0, kernels=None))]
    fn new(
        values: &Bound<'_, PyAny>,
        scales: Option<&Bound<'_, PyAny>>,
        biases: Option<&Bound<'_, PyAny>>,
        bits: u32,
        group_size: usize,
        kernels: Option<&str>,
    ) -> PyResult<FrozenWeight> {
        let py = values.py();
        let bad = |expected: &str| Err(wrong(py, "array does not fit", expected, values.get_type()));
        let values = if let Some(values) = held::<f32>(values)? {
            Values::F32(values)
        } else if let Some(values) = held::<f16>(values)? {
            Values::F16(values)
        } else if let Some(values) = held::<u16>(values)? {
            Values::Bf16(values)
        } else if let Some(codes) = held::<u32>(values)? {
            let (Some(scales), Some(biases)) = (scales, biases) else {
                return bad("scales and biases with codes of uint32");
            };
            let (scales, biases) = (Numbers::of(scales)?, Numbers::of(biases)?);
            Values::Affine { codes, scales, biases, bits, group_size }
        } else {
            return bad("a NumPy array of float32, float16, uint16 (the bits of bfloat16) or uint32 (codes)");
        };
        Ok(FrozenWeight { values, kernels: parse_kernels(py, kernels)? })
    }
}

/// The kernels of a name that can run here; without one, those of float32.
fn parse_kernels(py: Python<'_>, name: Option<&str>) -> PyResult<Kernels> {
    let Some(name) = name else {
        return Ok(Kernels::Gemm);
    };
    Kernels::from_name(name).filter(|kernels| kernels.available()).ok_or_else(|| {
        let names: Vec<_> = available().into_iter().map(|(name, _)| name).collect();
        wrong(py, "no such kernels here", names.join(", "), name)
    })
}

fn available() -> Vec<(&'static str, bool)> {
    let kernels = Kernels::ALL.into_iter().filter(|kernels| kernels.available());
    kernels.map(|kernels| (kernels.name(), kernels.is_bf16())).collect()
}

/// The kernels that can run here: their names, and whether they multiply in bfloat16.
#[pyfunction]
pub fn product_kernels() -> Vec<(&'static str, bool)> {
    available()
}

fn bad_variable(py: Python<'_>, found: String) -> PyErr {
    let names: Vec<_> = available().into_iter().map(|(name, _)| name).collect();
    wrong(py, "bad T2SQL_SIMD", names.join(" or "), found)
}

/// The kernels that may be chosen, whether they multiply in bfloat16, and thousands of millions of operations a
/// second, measured once.
#[pyfunction]
pub fn kernel_speeds(py: Python<'_>) -> PyResult<Vec<(&'static str, bool, f64)>> {
    let speeds = py.detach(train::speeds).map_err(|found| bad_variable(py, found))?;
    Ok(speeds.iter().map(|speed| (speed.kernels.name(), speed.kernels.is_bf16(), speed.gflops)).collect())
}

/// Whether the processor has AMX and the system refuses to lend it.
#[pyfunction]
pub fn amx_refused() -> bool {
    Kernels::amx_refused()
}

/// The fastest kernels in bfloat16, if they are worth their roundings here.
#[pyfunction]
pub fn fastest_bf16_kernels(py: Python<'_>) -> PyResult<Option<&'static str>> {
    let fastest = py.detach(train::fastest_bf16).map_err(|found| bad_variable(py, found))?;
    Ok(fastest.map(Kernels::name))
}

/// A C-contiguous array of this type; None for one of another type.
fn held<T: Element>(array: &Bound<'_, PyAny>) -> PyResult<Option<Held<T>>> {
    let Ok(typed) = array.cast::<PyArrayDyn<T>>() else {
        return Ok(None);
    };
    if !typed.is_c_contiguous() || typed.readonly().as_slice().is_err() {
        let hint = "a C-contiguous, aligned array (numpy.ascontiguousarray)";
        return Err(wrong(array.py(), "array is strided", hint, "strides"));
    }
    Ok(Some(typed.clone().unbind()))
}

impl Numbers {
    fn of(array: &Bound<'_, PyAny>) -> PyResult<Numbers> {
        if let Some(values) = held::<f32>(array)? {
            Ok(Numbers::F32(values))
        } else if let Some(values) = held::<f16>(array)? {
            Ok(Numbers::F16(values))
        } else if let Some(values) = held::<u16>(array)? {
            Ok(Numbers::Bf16(values))
        } else {
            let expected = "scales and biases of float32, float16 or uint16 (the bits of bfloat16)";
            Err(wrong(array.py(), "array does not fit", expected, array.get_type()))
        }
    }

    fn borrow<'py>(&self, py: Python<'py>) -> BorrowedNumbers<'py> {
        match self {
            Numbers::F32(values) => BorrowedNumbers::F32(values.bind(py).readonly()),
            Numbers::F16(values) => BorrowedNumbers::F16(values.bind(py).readonly()),
            Numbers::Bf16(values) => BorrowedNumbers::Bf16(values.bind(py).readonly()),
        }
    }
}

/// A [`FrozenWeight`] borrowed for reading.
pub struct BorrowedWeight<'py> {
    values: BorrowedValues<'py>,
    kernels: Kernels,
}

enum BorrowedValues<'py> {
    F32(PyReadonlyArrayDyn<'py, f32>),
    F16(PyReadonlyArrayDyn<'py, f16>),
    Bf16(PyReadonlyArrayDyn<'py, u16>),
    Affine {
        codes: PyReadonlyArrayDyn<'py, u32>,
        scales: BorrowedNumbers<'py>,
        biases: BorrowedNumbers<'py>,
        bits: u32,
        group_size: usize,
    },
}

enum BorrowedNumbers<'py> {
    F32(PyReadonlyArrayDyn<'py, f32>),
    F16(PyReadonlyArrayDyn<'py, f16>),
    Bf16(PyReadonlyArrayDyn<'py, u16>),
}

impl FrozenWeight {
    /// A float32 matrix, multiplied by the crate `gemm`.
    pub fn plain(values: Held<f32>) -> FrozenWeight {
        FrozenWeight { values: Values::F32(values), kernels: Kernels::Gemm }
    }

    /// Borrows the arrays.
    pub fn borrow<'py>(&self, py: Python<'py>) -> BorrowedWeight<'py> {
        let values = match &self.values {
            Values::F32(values) => BorrowedValues::F32(values.bind(py).readonly()),
            Values::F16(values) => BorrowedValues::F16(values.bind(py).readonly()),
            Values::Bf16(values) => BorrowedValues::Bf16(values.bind(py).readonly()),
            Values::Affine { codes, scales, biases, bits, group_size } => BorrowedValues::Affine {
                codes: codes.bind(py).readonly(),
                scales: scales.borrow(py),
                biases: biases.borrow(py),
                bits: *bits,
                group_size: *group_size,
            },
        };
        BorrowedWeight { values, kernels: self.kernels }
    }
}

impl BorrowedWeight<'_> {
    /// The matrix.
    pub fn get(&self) -> train::FrozenWeight<'_> {
        let stored = match &self.values {
            BorrowedValues::F32(values) => Stored::F32(checked(values)),
            BorrowedValues::F16(values) => Stored::F16(checked(values).reinterpret_cast()),
            BorrowedValues::Bf16(values) => Stored::Bf16(checked(values)),
            BorrowedValues::Affine { codes, scales, biases, bits, group_size } => Stored::Affine(Affine {
                codes: checked(codes),
                scales: scales.get(),
                biases: biases.get(),
                bits: *bits,
                group_size: *group_size,
            }),
        };
        train::FrozenWeight { stored, kernels: self.kernels }
    }
}

impl BorrowedNumbers<'_> {
    fn get(&self) -> Floats<'_> {
        match self {
            BorrowedNumbers::F32(values) => Floats::F32(checked(values)),
            BorrowedNumbers::F16(values) => Floats::F16(checked(values).reinterpret_cast()),
            BorrowedNumbers::Bf16(values) => Floats::Bf16(checked(values)),
        }
    }
}

/// The slice of an array that was found to be contiguous.
fn checked<'a, T: Element>(array: &'a PyReadonlyArrayDyn<'_, T>) -> &'a [T] {
    array.as_slice().expect("checked to be contiguous")
}
