//! The typed values of a GGUF's metadata.

use std::fmt;

macro_rules! types {
    ($($id:literal $name:literal $variant:ident($rust:ty, $array:ty),)+) => {
        /// The type of a value, or of an array's elements. There are no arrays of arrays.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ValueType { $(
            #[doc = concat!("Type `", $name, "`, id ", $id, ".")]
            $variant,
        )+ }

        /// A scalar, a string or an array of either.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Value {
            $(
                #[doc = concat!("One `", $name, "`.")]
                $variant($rust),
            )+
            /// An array.
            Array(Array),
        }

        /// An array, in a vector of its elements' own type.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Array { $(
            #[doc = concat!("Elements of type `", $name, "`.")]
            $variant($array),
        )+ }

        impl ValueType {
            /// Every type.
            pub const ALL: &[ValueType] = &[$(ValueType::$variant,)+];

            /// The type's id in the file.
            pub fn id(self) -> u32 {
                match self { $(ValueType::$variant => $id,)+ }
            }

            /// The type's name, such as `u32` or `str`.
            pub fn name(self) -> &'static str {
                match self { $(ValueType::$variant => $name,)+ }
            }
        }

        impl Value {
            /// The name of the value's type: `u32`, `str`, `arr:f32` and so on.
            pub fn type_name(&self) -> String {
                match self {
                    $(Value::$variant(_) => $name.into(),)+
                    Value::Array(array) => format!("arr:{}", array.element_type().name()),
                }
            }
        }

        impl Array {
            /// The type of the elements.
            pub fn element_type(&self) -> ValueType {
                match self { $(Array::$variant(_) => ValueType::$variant,)+ }
            }

            /// The number of elements.
            pub fn len(&self) -> usize {
                match self { $(Array::$variant(v) => v.len(),)+ }
            }

            /// Whether there are no elements.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }
        }
    };
}

types! {
    0 "u8" U8(u8, Vec<u8>),
    1 "i8" I8(i8, Vec<i8>),
    2 "u16" U16(u16, Vec<u16>),
    3 "i16" I16(i16, Vec<i16>),
    4 "u32" U32(u32, Vec<u32>),
    5 "i32" I32(i32, Vec<i32>),
    6 "f32" F32(f32, Vec<f32>),
    7 "bool" Bool(bool, Vec<bool>),
    8 "str" Str(String, Strings),
    10 "u64" U64(u64, Vec<u64>),
    11 "i64" I64(i64, Vec<i64>),
    12 "f64" F64(f64, Vec<f64>),
}

/// Strings in one allocation, one after the other: a vocabulary has some hundred thousand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Strings {
    text: String,
    ends: Vec<usize>,
}

impl Strings {
    /// Appends a string.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    /// The number of strings.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no strings.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The strings in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |&end| &self.text[std::mem::replace(&mut start, end)..end])
    }
}

impl<T: AsRef<str>> FromIterator<T> for Strings {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Strings {
        let mut strings = Strings::default();
        texts.into_iter().for_each(|text| strings.push(text.as_ref()));
        strings
    }
}

/// The id of the array type itself.
pub const ARRAY_ID: u32 = 9;

impl ValueType {
    /// The type with this id in a file.
    pub fn from_id(id: u32) -> Option<ValueType> {
        ValueType::ALL.iter().copied().find(|t| t.id() == id)
    }

    /// The type of this name.
    pub fn from_name(name: &str) -> Option<ValueType> {
        ValueType::ALL.iter().copied().find(|t| t.name() == name)
    }

    /// The fewest bytes that one value takes in a file.
    pub fn min_bytes(self) -> u64 {
        match self {
            ValueType::U8 | ValueType::I8 | ValueType::Bool => 1,
            ValueType::U16 | ValueType::I16 => 2,
            ValueType::U32 | ValueType::I32 | ValueType::F32 => 4,
            ValueType::Str | ValueType::U64 | ValueType::I64 | ValueType::F64 => 8,
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
