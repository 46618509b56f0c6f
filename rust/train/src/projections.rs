//! One value for each linear projection that a layer can have.

/// Defines `Projections` from the list of its fields, so that each projection is named once.
macro_rules! projections {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// One value for each linear projection that a layer can have. No layer has all of them: queries,
        /// keys and values come from three matrices or from a fused one, and so do gate and up.
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub struct Projections<T> {
            $($(#[$doc])* pub $name: T,)*
        }

        impl Projections<&'static str> {
            /// The projections' names.
            pub const NAMES: Self = Projections { $($name: stringify!($name)),* };
        }

        impl<T> IntoIterator for Projections<T> {
            type Item = T;
            type IntoIter = std::array::IntoIter<T, { [$(stringify!($name)),*].len() }>;

            /// The values in the order of the fields.
            fn into_iter(self) -> Self::IntoIter {
                [$(self.$name),*].into_iter()
            }
        }

        impl<T> Projections<T> {
            /// Applies a function to each projection's value.
            pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Projections<U> {
                Projections { $($name: f(self.$name)),* }
            }

            /// Pairs each projection's value with that of `other`.
            pub fn zip<U>(self, other: Projections<U>) -> Projections<(T, U)> {
                Projections { $($name: (self.$name, other.$name)),* }
            }

            /// References to the values.
            pub fn as_ref(&self) -> Projections<&T> {
                Projections { $($name: &self.$name),* }
            }

            /// Mutable references to the values.
            pub fn as_mut(&mut self) -> Projections<&mut T> {
                Projections { $($name: &mut self.$name),* }
            }
        }
    };
}

projections! {
    /// Queries.
    q,
    /// Keys.
    k,
    /// Values.
    v,
    /// Queries, keys and values by one matrix.
    qkv,
    /// The attention's output.
    o,
    /// The gate of the feed-forward network.
    gate,
    /// What the gate multiplies.
    up,
    /// Gate and up by one matrix.
    gate_up,
    /// Back from the feed-forward network to the hidden size.
    down,
}

impl Projections<bool> {
    /// Whether these make a layer: q, k and v or qkv; o; gate and up or gate_up; down.
    pub fn complete(&self) -> bool {
        let either = |separate: &[bool], fused: bool| separate.iter().all(|&there| there != fused);
        either(&[self.q, self.k, self.v], self.qkv)
            && either(&[self.gate, self.up], self.gate_up)
            && self.o
            && self.down
    }
}
