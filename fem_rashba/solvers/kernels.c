/* Products and sweeps with a matrix sum_k s_k (x) t_k, k = 0..3: scalar entries s (entry, k) on one pattern times
 * matrices t (k, 4, 4) that all nodes share, plus a few full blocks at edges. It is never assembled. x and b hold four
 * fields at each node; fields that are fixed (free = 0) stay as they are, zero. */

typedef struct {
    int nodes;
    const int *starts, *columns;
    const double *s, *t;
    int extras; /* sorted by row */
    const int *extra_rows, *extra_columns;
    const double *extra_blocks;
    const double *free;
} Matrix;

/* four doubles, as gcc and clang know them on any processor */
typedef double Four __attribute__((vector_size(32), aligned(8)));

static inline double sum(Four v) { return (v[0] + v[1]) + (v[2] + v[3]); }

static inline void times(const double *block, Four x, double *y) {
    for (int i = 0; i < 4; ++i) y[i] += sum(*(const Four *)(block + 4 * i) * x);
}

/* y = (columns of a row of A before `end`) x; `extra` is a block of this row, or the number of blocks. Downwards through
 * the row when rows are taken downwards, or the processor does not foresee what it has to fetch. */
static inline void row(const Matrix *a, int r, int extra, int end, int downwards, const double *x, double *y) {
    Four mass = {0.0}, stiffness = {0.0}, along_x = {0.0}, along_y = {0.0};
    int first = a->starts[r], count = a->starts[r + 1] - first;
    for (int i = 0; i < count; ++i) {
        int e = downwards ? first + count - 1 - i : first + i;
        if (a->columns[e] >= end) break;
        const double *s = a->s + 4 * (long)e;
        Four v = *(const Four *)(x + 4 * (long)a->columns[e]);
        mass += s[0] * v;
        stiffness += s[1] * v;
        along_x += s[2] * v;
        along_y += s[3] * v;
    }
    for (int i = 0; i < 4; ++i) y[i] = 0.0;
    times(a->t, mass, y);
    times(a->t + 16, stiffness, y);
    times(a->t + 32, along_x, y);
    times(a->t + 48, along_y, y);
    for (; extra < a->extras && a->extra_rows[extra] == r; ++extra)
        times(a->extra_blocks + 16 * (long)extra, *(const Four *)(x + 4 * (long)a->extra_columns[extra]), y);
}

/* y = A x, or b - A x if there is a b; zero at fixed fields */
void product(const Matrix *a, const double *b, const double *x, double *y) {
    for (int r = 0, extra = 0; r < a->nodes; ++r) {
        double found[4];
        while (extra < a->extras && a->extra_rows[extra] < r) ++extra;
        row(a, r, extra, a->nodes, 0, x, found);
        for (int i = 0; i < 4; ++i) {
            long at = 4 * (long)r + i;
            y[at] = a->free[at] * (b ? b[at] - found[i] : found[i]);
        }
    }
}

/* the inverses of the blocks on the diagonal, zero in rows and columns of fixed fields */
void inverses(const Matrix *a, float *inverse) {
    for (int r = 0, extra = 0; r < a->nodes; ++r) {
        double m[4][8] = {{0.0}};
        for (int e = a->starts[r]; e < a->starts[r + 1]; ++e)
            if (a->columns[e] == r)
                for (int k = 0; k < 4; ++k)
                    for (int i = 0; i < 16; ++i) m[i / 4][i % 4] += a->s[4 * (long)e + k] * a->t[16 * k + i];
        for (; extra < a->extras && a->extra_rows[extra] <= r; ++extra)
            if (a->extra_rows[extra] == r && a->extra_columns[extra] == r)
                for (int i = 0; i < 16; ++i) m[i / 4][i % 4] += a->extra_blocks[16 * (long)extra + i];
        const double *free = a->free + 4 * (long)r;
        for (int i = 0; i < 4; ++i) {
            for (int j = 0; j < 4; ++j)
                if (free[i] == 0.0 || free[j] == 0.0) m[i][j] = i == j;
            m[i][4 + i] = 1.0;
        }
        /* the symmetric part is positive: no pivots */
        for (int p = 0; p < 4; ++p) {
            double factor = 1.0 / m[p][p];
            for (int j = 0; j < 8; ++j) m[p][j] *= factor;
            for (int i = 0; i < 4; ++i)
                if (i != p) {
                    double f = m[i][p];
                    for (int j = 0; j < 8; ++j) m[i][j] -= f * m[p][j];
                }
        }
        for (int i = 0; i < 4; ++i)
            for (int j = 0; j < 4; ++j) inverse[16 * (long)r + 4 * i + j] = (float)(m[i][4 + j] * free[i] * free[j]);
    }
}

static inline void relax(const Matrix *a, const float *inverse, int r, int extra, int end, int downwards, const double *b,
                         double *x) {
    double rest[4];
    Four change;
    row(a, r, extra, end, downwards, x, rest);
    for (int i = 0; i < 4; ++i) rest[i] = b[4 * (long)r + i] - rest[i];
    for (int i = 0; i < 4; ++i) {
        const float *line = inverse + 16 * (long)r + 4 * i;
        change[i] = line[0] * rest[0] + line[1] * rest[1] + line[2] * rest[2] + line[3] * rest[3];
    }
    /* one store of all four: the next node may load them at once */
    *(Four *)(x + 4 * (long)r) += change;
}

/* one step of block Gauss-Seidel for A x = b, node by node; `zero`: x is zero before, and what is above a row stays out */
void sweep(const Matrix *a, const float *inverse, int downwards, int zero, const double *b, double *x) {
    if (downwards)
        for (int r = a->nodes - 1, extra = a->extras; r >= 0; --r) {
            while (extra > 0 && a->extra_rows[extra - 1] >= r) --extra;
            relax(a, inverse, r, extra, a->nodes, 1, b, x);
        }
    else
        for (int r = 0, extra = 0; r < a->nodes; ++r) {
            while (extra < a->extras && a->extra_rows[extra] < r) ++extra;
            relax(a, inverse, r, extra, zero ? r : a->nodes, 0, b, x);
        }
}

/* out[stride * target[i]] += values[i] */
void scatter(long count, const int *target, const double *values, int stride, double *out) {
    for (long i = 0; i < count; ++i) out[stride * (long)target[i]] += values[i];
}

/* out[4 * target[i] + k] += values_k[i], k = 0..3 */
void scatter_all(long count, const int *target, const double *a, const double *b, const double *c, const double *d,
                 double *out) {
    for (long i = 0; i < count; ++i) *(Four *)(out + 4 * (long)target[i]) += (Four){a[i], b[i], c[i], d[i]};
}
