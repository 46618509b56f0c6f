//! `cblas_sgemm` on row-major slices, with their bounds checked.

/// The C function, with 32-bit integers.
pub type Sgemm = unsafe extern "C" fn(
    i32,
    i32,
    i32,
    i32,
    i32,
    i32,
    f32,
    *const f32,
    i32,
    *const f32,
    i32,
    f32,
    *mut f32,
    i32,
);

const ROW_MAJOR: i32 = 101;
const NO_TRANS: i32 = 111;
const TRANS: i32 = 112;

/// A matrix in a slice: its first element is the slice's, each row `stride` after the one before.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    pub data: &'a [f32],
    pub stride: usize,
    pub transposed: bool,
}

/// A row-major matrix as it lies.
pub fn plain(data: &[f32], stride: usize) -> Matrix<'_> {
    Matrix { data, stride, transposed: false }
}

/// A row-major matrix, to be used transposed.
pub fn transposed(data: &[f32], stride: usize) -> Matrix<'_> {
    Matrix { data, stride, transposed: true }
}

/// The product of a BLAS.
#[derive(Clone, Copy)]
pub struct Gemm(Sgemm);

impl Gemm {
    /// # Safety
    /// `sgemm` is a CBLAS `sgemm` with 32-bit integers.
    pub unsafe fn new(sgemm: Sgemm) -> Gemm {
        Gemm(sgemm)
    }

    /// c = alpha a b + beta c, where a is [m, k], b [k, n] and c [m, n] after any transposing.
    ///
    /// # Panics
    /// When a matrix does not fit into its slice.
    #[allow(clippy::too_many_arguments)]
    pub fn run(
        self,
        [m, n, k]: [usize; 3],
        alpha: f32,
        a: Matrix,
        b: Matrix,
        beta: f32,
        c: &mut [f32],
        c_stride: usize,
    ) {
        let fits = |rows: usize, cols: usize, stride: usize, len: usize| {
            rows == 0 || (cols <= stride && (rows - 1) * stride + cols <= len)
        };
        let sized = |x: &Matrix, rows, cols| {
            let (rows, cols) = if x.transposed { (cols, rows) } else { (rows, cols) };
            fits(rows, cols, x.stride, x.data.len())
        };
        assert!(sized(&a, m, k) && sized(&b, k, n) && fits(m, n, c_stride, c.len()), "matrix sizes");
        let int = |x: usize| i32::try_from(x).expect("a size of 31 bits");
        let trans = |x: &Matrix| if x.transposed { TRANS } else { NO_TRANS };
        // SAFETY: a CBLAS sgemm by `new`'s contract; all three matrices lie within their slices.
        unsafe {
            (self.0)(
                ROW_MAJOR,
                trans(&a),
                trans(&b),
                int(m),
                int(n),
                int(k),
                alpha,
                a.data.as_ptr(),
                int(a.stride),
                b.data.as_ptr(),
                int(b.stride),
                beta,
                c.as_mut_ptr(),
                int(c_stride),
            );
        }
    }
}
