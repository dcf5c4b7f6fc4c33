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

static inline void times(const double *block, const double *x, double sign, double *y) {
    for (int i = 0; i < 4; ++i)
        y[i] += sign * (block[4 * i] * x[0] + block[4 * i + 1] * x[1] + block[4 * i + 2] * x[2] + block[4 * i + 3] * x[3]);
}

/* y = (row of A) x; `extra` is a block of this row, or the number of blocks */
static inline void row(const Matrix *a, int r, int extra, const double *x, double *y) {
    double sums[16] = {0.0};
    for (int e = a->starts[r]; e < a->starts[r + 1]; ++e) {
        const double *s = a->s + 4 * (long)e, *v = x + 4 * (long)a->columns[e];
        for (int k = 0; k < 4; ++k)
            for (int f = 0; f < 4; ++f) sums[4 * k + f] += s[k] * v[f];
    }
    for (int i = 0; i < 4; ++i) y[i] = 0.0;
    for (int k = 0; k < 4; ++k) times(a->t + 16 * k, sums + 4 * k, 1.0, y);
    for (; extra < a->extras && a->extra_rows[extra] == r; ++extra)
        times(a->extra_blocks + 16 * (long)extra, x + 4 * (long)a->extra_columns[extra], 1.0, y);
}

/* y = A x, or b - A x if there is a b; zero at fixed fields */
void product(const Matrix *a, const double *b, const double *x, double *y) {
    for (int r = 0, extra = 0; r < a->nodes; ++r) {
        double found[4];
        while (extra < a->extras && a->extra_rows[extra] < r) ++extra;
        row(a, r, extra, x, found);
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

/* one step of block Gauss-Seidel for A x = b, node by node, upwards or downwards */
void sweep(const Matrix *a, const float *inverse, int downwards, const double *b, double *x) {
    int extra = downwards ? a->extras : 0;
    for (int step = 0; step < a->nodes; ++step) {
        int r = downwards ? a->nodes - 1 - step : step;
        if (downwards)
            while (extra > 0 && a->extra_rows[extra - 1] >= r) --extra;
        else
            while (extra < a->extras && a->extra_rows[extra] < r) ++extra;
        double rest[4];
        row(a, r, extra, x, rest);
        for (int i = 0; i < 4; ++i) rest[i] = b[4 * (long)r + i] - rest[i];
        for (int i = 0; i < 4; ++i)
            for (int j = 0; j < 4; ++j) x[4 * (long)r + i] += inverse[16 * (long)r + 4 * i + j] * rest[j];
    }
}

/* out[stride * target[i]] += values[i] */
void scatter(long count, const int *target, const double *values, int stride, double *out) {
    for (long i = 0; i < count; ++i) out[stride * (long)target[i]] += values[i];
}
