//! GGUF metadata to and from Python: (key, type name, value).

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList};
use pyo3::IntoPyObjectExt;
use t2sql_core::gguf::{Array, Value, ValueType};

use crate::errors::wrong;

/// The Python value of a metadata value.
pub fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    macro_rules! by_type {
        ($($variant:ident)+) => {
            match value {
                $(Value::$variant(v) => v.into_bound_py_any(py),)+
                $(Value::Array(Array::$variant(v)) => PyList::new(py, v)?.into_bound_py_any(py),)+
            }
        };
    }
    by_type!(U8 I8 U16 I16 U32 I32 F32 Bool Str U64 I64 F64)
}

/// A metadata value of the type named, `u32` or `arr:str` and so on.
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
    // A bool is an int to Python, and rarely meant as one.
    if !is_array && kind != ValueType::Bool && value.is_instance_of::<PyBool>() {
        return Err(wrong(py, "metadata value does not fit", type_name, format!("bool for {key}")));
    }
    macro_rules! by_type {
        ($($variant:ident)+) => {
            match kind {
                $(ValueType::$variant if is_array => value.extract().map(Array::$variant).map(Value::Array),)+
                $(ValueType::$variant => value.extract().map(Value::$variant),)+
            }
        };
    }
    let converted = by_type!(U8 I8 U16 I16 U32 I32 F32 Bool Str U64 I64 F64);
    converted.map_err(|error| {
        let found = format!("{} for {key}: {}", value.get_type(), error.value(py));
        wrong(py, "metadata value does not fit", type_name, found)
    })
}
