/* Products and sweeps with a matrix sum_k s_k (x) t_k, k = 0..3: scalar entries s (entry, k) on one pattern times
 * matrices t (k, 4, 4) that all nodes share, plus a few full blocks at edges. It is never assembled. x and b hold four
 * fields at each node; fields that are fixed (free = 0) stay as they are, zero. There may be more columns than rows. */

#include "block.h"

typedef struct {
    int nodes;
    const int *starts, *columns;
    const double *s, *t;
    const double *u; /* t in the order (unknown, k, test) */
    int extras; /* sorted by row */
    const int *extra_rows, *extra_columns;
    const double *extra_blocks;
    const double *free;
} Matrix;

/* four doubles, as gcc and clang know them on any processor */
typedef double Four __attribute__((vector_size(32), aligned(8)));

/* the blocks t together, times what was summed for each of them and each field */
static inline Four combined(const double *u, const Four *of) {
    Four part[4];
    for (int f = 0; f < 4; ++f) {
        part[f] = of[f][0] * *(const Four *)(u + 16 * f);
        for (int k = 1; k < 4; ++k) part[f] += of[f][k] * *(const Four *)(u + 16 * f + 4 * k);
    }
    return (part[0] + part[1]) + (part[2] + part[3]);
}

/* what the full blocks of a row add; `extra` is one of them, or the number of blocks */
static inline Four extras(const Matrix *a, int r, int extra, const double *x) {
    Four y = {0.0};
    for (; extra < a->extras && a->extra_rows[extra] == r; ++extra) {
        const double *block = a->extra_blocks + 16 * (long)extra, *v = x + 4 * (long)a->extra_columns[extra];
        for (int i = 0; i < 4; ++i)
            y[i] += (block[4 * i] * v[0] + block[4 * i + 1] * v[1]) + (block[4 * i + 2] * v[2] + block[4 * i + 3] * v[3]);
    }
    return y;
}

/* y = A x, or b - A x if there is a b; zero at fixed fields */
void product(const Matrix *a, const double *b, const double *x, double *y) {
    for (int r = 0, extra = 0; r < a->nodes; ++r) {
        Four of[4] = {{0.0}, {0.0}, {0.0}, {0.0}};
        for (int e = a->starts[r]; e < a->starts[r + 1]; ++e) {
            Four scalars = *(const Four *)(a->s + 4 * (long)e);
            const double *v = x + 4 * (long)a->columns[e];
            for (int f = 0; f < 4; ++f) of[f] += v[f] * scalars;
        }
        while (extra < a->extras && a->extra_rows[extra] < r) ++extra;
        Four found = combined(a->u, of) + extras(a, r, extra, x);
        if (b) found = *(const Four *)(b + 4 * (long)r) - found;
        *(Four *)(y + 4 * (long)r) = *(const Four *)(a->free + 4 * (long)r) * found;
    }
}

/* the inverses of the blocks on the diagonal, column by column, zero in rows and columns of fixed fields */
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
        for (int i = 0; i < 4; ++i)
            for (int j = 0; j < 4; ++j)
                if (free[i] == 0.0 || free[j] == 0.0) m[i][j] = i == j;
        invert(m);
        for (int i = 0; i < 4; ++i)
            for (int j = 0; j < 4; ++j) inverse[16 * (long)r + 4 * j + i] = (float)(m[i][4 + j] * free[i] * free[j]);
    }
}

/* gcc makes one instruction of this, and seven of __builtin_convertvector */
static inline Four single(const float *v) { return (Four){v[0], v[1], v[2], v[3]}; }

/* of each field the sums over the four scalar matrices, for the entries first, first + step, ... before `end` */
static inline void gather(const Matrix *a, const float *s, int first, int end, int step, const double *x, Four *of) {
    for (int e = first; step > 0 ? e < end : e > end; e += step) {
        Four scalars = single(s + 4 * (long)e);
        const double *v = x + 4 * (long)a->columns[e];
        for (int f = 0; f < 4; ++f) of[f] += v[f] * scalars;
    }
}

/* Scalar entries of single precision come twice as fast: smoothing needs no more. The next row waits for this one: what was
 * computed last is taken in last, and the sums that follow are short. */
static inline void relax(const Matrix *a, const float *inverse, const float *s, const int *diagonal, int r, int extra,
                         int downwards, int zero, const double *b, double *x) {
    Four of[4] = {{0.0}, {0.0}, {0.0}, {0.0}};
    int first = a->starts[r], last = a->starts[r + 1], middle = diagonal[r];
    if (downwards) {
        gather(a, s, middle, first - 1, -1, x, of);
        gather(a, s, last - 1, middle, -1, x, of);
    } else {
        if (!zero) gather(a, s, middle, last, 1, x, of);
        gather(a, s, first, middle, 1, x, of);
    }
    Four rest = *(const Four *)(b + 4 * (long)r) - combined(a->u, of) - extras(a, r, extra, x);
    const float *column = inverse + 16 * (long)r;
    Four change = (rest[0] * single(column) + rest[1] * single(column + 4)) +
                  (rest[2] * single(column + 8) + rest[3] * single(column + 12));
    *(Four *)(x + 4 * (long)r) += change;
}

/* one step of block Gauss-Seidel for A x = b, node by node; `zero`: x is zero before, and what is above a row stays out */
void sweep(const Matrix *a, const float *inverse, const float *s, const int *diagonal, int downwards, int zero,
           const double *b, double *x) {
    if (downwards)
        for (int r = a->nodes - 1, extra = a->extras; r >= 0; --r) {
            while (extra > 0 && a->extra_rows[extra - 1] >= r) --extra;
            relax(a, inverse, s, diagonal, r, extra, 1, 0, b, x);
        }
    else
        for (int r = 0, extra = 0; r < a->nodes; ++r) {
            while (extra < a->extras && a->extra_rows[extra] < r) ++extra;
            relax(a, inverse, s, diagonal, r, extra, 0, zero, b, x);
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
