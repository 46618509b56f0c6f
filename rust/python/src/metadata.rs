//! GGUF metadata to and from Python, as (key, type name, value).

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList, PyString};
use pyo3::IntoPyObjectExt;
use t2sql_core::gguf::{Array, Strings, Value, ValueType};

use crate::errors::wrong;

/// An array that Python only counts and writes again. Making a list of a vocabulary would take longer than
/// quantizing a small model.
#[pyclass(module = "t2sql._core", frozen)]
pub struct MetadataArray(Array);

#[pymethods]
impl MetadataArray {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __repr__(&self) -> String {
        format!("MetadataArray({} of {})", self.0.len(), self.0.element_type())
    }
}

/// The Python value of a metadata value. An array becomes a list, or a `MetadataArray` where `opaque_arrays`.
pub fn to_python(py: Python<'_>, value: Value, opaque_arrays: bool) -> PyResult<Bound<'_, PyAny>> {
    macro_rules! by_type {
        ($($variant:ident)+) => {
            match value {
                Value::Array(array) if opaque_arrays => MetadataArray(array).into_bound_py_any(py),
                $(Value::$variant(v) => v.into_bound_py_any(py),)+
                $(Value::Array(Array::$variant(v)) => PyList::new(py, v.iter())?.into_bound_py_any(py),)+
            }
        };
    }
    by_type!(U8 I8 U16 I16 U32 I32 F32 Bool Str U64 I64 F64)
}

/// The metadata value of the type with this name, such as `u32` or `arr:str`; `key` is for messages.
pub fn from_python(key: &str, type_name: &str, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    let py = value.py();
    let (name, is_array) = match type_name.strip_prefix("arr:") {
        Some(name) => (name, true),
        None => (type_name, false),
    };
    let Some(kind) = ValueType::from_name(name) else {
        let expected = "u8 i8 u16 i16 u32 i32 u64 i64 f32 f64 bool str, or arr: and one of them";
        return Err(wrong(py, "unknown metadata type", expected, format!("{type_name} of {key}")));
    };
    // To Python a bool is an int, but whoever passes one as a number has made a mistake.
    if !is_array && kind != ValueType::Bool && value.is_instance_of::<PyBool>() {
        return Err(wrong(py, "metadata value does not fit", type_name, format!("bool for {key}")));
    }
    if let Ok(array) = value.cast::<MetadataArray>() {
        let array = &array.get().0;
        let found = array.element_type();
        if !is_array || kind != found {
            let found = format!("an array of {found} for {key}");
            return Err(wrong(py, "metadata value does not fit", type_name, found));
        }
        return Ok(Value::Array(array.clone()));
    }
    macro_rules! by_type {
        ($($variant:ident)+) => {
            match kind {
                ValueType::Str if is_array => strings(value).map(Array::Str).map(Value::Array),
                ValueType::Str => value.extract().map(Value::Str),
                $(ValueType::$variant if is_array => value.extract().map(Array::$variant).map(Value::Array),)+
                $(ValueType::$variant => value.extract().map(Value::$variant),)+
            }
        };
    }
    let converted = by_type!(U8 I8 U16 I16 U32 I32 F32 Bool U64 I64 F64);
    converted.map_err(|error| {
        let found = format!("{} for {key}: {}", value.get_type(), error.value(py));
        wrong(py, "metadata value does not fit", type_name, found)
    })
}

/// The strings of a sequence. A single string is refused, although it is a sequence of strings.
fn strings(value: &Bound<'_, PyAny>) -> PyResult<Strings> {
    let texts: Vec<Bound<'_, PyAny>> = value.extract()?;
    let mut strings = Strings::default();
    for text in &texts {
        strings.push(text.cast::<PyString>()?.to_str()?);
    }
    Ok(strings)
}
