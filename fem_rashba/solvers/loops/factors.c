/* Incomplete factorisation in blocks of 4 x 4 of a matrix that is never assembled: its blocks are made of scalar entries
 * here, in single precision and in the order and on the pattern of elimination.c, and overwritten by the factors. A block
 * is kept column by column. Vectors are double: the factors are the same linear map in each application. */

#include "block.h"

typedef float Single __attribute__((vector_size(16), aligned(4)));
typedef float Eight __attribute__((vector_size(32), aligned(4)));
typedef double Four __attribute__((vector_size(32), aligned(8)));

/* gcc makes one instruction of this, and seven of __builtin_convertvector */
static inline Four wide(const float *v) { return (Four){v[0], v[1], v[2], v[3]}; }

/* where row i of U ends: at its diagonal */
static inline int diagonal(int i, int entries, const int *upper) { return (i ? upper[i - 1] : entries) - 1; }

/* The blocks sum_k s_k t_k, k = 0..3, with t (4, 4, 4) in the order (k, unknown, test). */
void fill(long entries, const double *s, const double *t, const int *place, float *blocks) {
    for (long e = 0; e < entries; ++e) {
        float *block = blocks + 16 * (long)place[e];
        for (int j = 0; j < 4; ++j) {
            Four column = {0.0};
            for (int k = 0; k < 4; ++k) column += s[4 * e + k] * *(const Four *)(t + 16 * k + 4 * j);
            *(Single *)(block + 4 * j) = __builtin_convertvector(column, Single);
        }
    }
}

/* Adds full blocks (test, unknown) at places. */
void add(int extras, const int *places, const double *extra, float *blocks) {
    for (int e = 0; e < extras; ++e)
        for (int i = 0; i < 4; ++i)
            for (int j = 0; j < 4; ++j) blocks[16 * (long)places[e] + 4 * j + i] += (float)extra[16 * (long)e + 4 * i + j];
}

static inline int is_free(const float *of) { return of[0] * of[1] * of[2] * of[3] != 0.0f; }

static inline void fix_block(const float *of_row, const float *of_column, int on_diagonal, float *block) {
    if (is_free(of_row) && is_free(of_column)) return;
    for (int j = 0; j < 4; ++j) {
        *(Single *)(block + 4 * j) *= of_column[j] * *(const Single *)of_row;
        if (on_diagonal && of_row[j] == 0.0f) block[5 * j] = 1.0f;
    }
}

/* Rows and columns of fixed fields (free = 0, in the new order) become those of the identity. */
void fix(int nodes, int entries, const int *lower, const int *upper, const int *columns, const float *free, float *blocks) {
    for (int i = 0; i < nodes; ++i) {
        const float *own = free + 4 * (long)i;
        for (int e = lower[i]; e < lower[i + 1]; ++e) fix_block(own, free + 4 * (long)columns[e], 0, blocks + 16 * (long)e);
        for (int e = upper[i]; e <= diagonal(i, entries, upper); ++e)
            fix_block(own, free + 4 * (long)columns[e], columns[e] == i, blocks + 16 * (long)e);
    }
}

static void invert_single(float *block) {
    double m[4][8];
    for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j) m[i][j] = block[4 * j + i];
    invert(m);
    for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j) block[4 * j + i] = (float)m[i][4 + j];
}

#define PICK(v, m) ((Eight){v[m], v[m], v[m], v[m], v[4 + m], v[4 + m], v[4 + m], v[4 + m]})

/* c -= a b, with each column of a twice in a vector of eight: two columns of c at a time */
static inline void subtract(const Eight *a, const float *b, float *c) {
    for (int half = 0; half < 16; half += 8) {
        Eight two = *(const Eight *)(b + half), *to = (Eight *)(c + half);
        *to -= (a[0] * PICK(two, 0) + a[1] * PICK(two, 1)) + (a[2] * PICK(two, 2) + a[3] * PICK(two, 3));
    }
}

/* The factors in place, the inverses of the pivots on the diagonal, zero for fixed fields. Pivots are made larger by a
 * part `shift` of the diagonal. `where` has room for one int a node, all -1. */
void factorise(int nodes, int entries, float shift, const int *lower, const int *upper, const int *columns,
               const float *free, float *blocks, int *where) {
    for (int i = 0; i < nodes; ++i) {
        int own = diagonal(i, entries, upper);
        for (int m = 0; m < 16; ++m) blocks[16 * (long)own + m] *= 1.0f + shift;
        for (int e = lower[i]; e < lower[i + 1]; ++e) where[columns[e]] = e;
        for (int e = upper[i]; e <= own; ++e) where[columns[e]] = e;
        for (int e = lower[i]; e < lower[i + 1]; ++e) {
            int k = columns[e], pivot_of = diagonal(k, entries, upper);
            float *block = blocks + 16 * (long)e;
            const float *pivot = blocks + 16 * (long)pivot_of;
            Single product[4];
            for (int j = 0; j < 4; ++j) {
                product[j] = pivot[4 * j] * *(const Single *)block;
                for (int m = 1; m < 4; ++m) product[j] += pivot[4 * j + m] * *(const Single *)(block + 4 * m);
            }
            Eight twice[4];
            for (int j = 0; j < 4; ++j) {
                *(Single *)(block + 4 * j) = product[j];
                Single p = product[j];
                twice[j] = (Eight){p[0], p[1], p[2], p[3], p[0], p[1], p[2], p[3]};
            }
            for (int u = upper[k]; u < pivot_of; ++u) {
                int at = where[columns[u]];
                if (at >= 0) subtract(twice, blocks + 16 * (long)u, blocks + 16 * (long)at);
            }
        }
        invert_single(blocks + 16 * (long)own);
        for (int j = 0; j < 4; ++j)
            *(Single *)(blocks + 16 * (long)own + 4 * j) *= free[4 * (long)i + j] * *(const Single *)(free + 4 * (long)i);
        for (int e = lower[i]; e < lower[i + 1]; ++e) where[columns[e]] = -1;
        for (int e = upper[i]; e <= own; ++e) where[columns[e]] = -1;
    }
}

static inline Four times(const float *block, const double *x) {
    return (x[0] * wide(block) + x[1] * wide(block + 4)) + (x[2] * wide(block + 8) + x[3] * wide(block + 12));
}

static inline Four transposed_times(const float *block, Four x) {
    Four y;
    for (int j = 0; j < 4; ++j) {
        Four product = wide(block + 4 * j) * x;
        y[j] = (product[0] + product[1]) + (product[2] + product[3]);
    }
    return y;
}

/* x = (L U)^-1 b, in the old order; y has room for four doubles a node */
void solve(int nodes, int entries, const int *lower, const int *upper, const int *columns, const float *blocks,
           const int *order, const double *b, double *y, double *x) {
    for (int i = 0; i < nodes; ++i) {
        Four rest = *(const Four *)(b + 4 * (long)order[i]);
        for (int e = lower[i]; e < lower[i + 1]; ++e) rest -= times(blocks + 16 * (long)e, y + 4 * (long)columns[e]);
        *(Four *)(y + 4 * (long)i) = rest;
    }
    for (int i = nodes - 1; i >= 0; --i) {
        int own = diagonal(i, entries, upper);
        double *here = y + 4 * (long)i;
        Four rest = *(const Four *)here;
        for (int e = upper[i]; e < own; ++e) rest -= times(blocks + 16 * (long)e, y + 4 * (long)columns[e]);
        *(Four *)here = rest;
        rest = times(blocks + 16 * (long)own, here);
        *(Four *)here = rest;
        *(Four *)(x + 4 * (long)order[i]) = rest;
    }
}

/* x = (L U)^-T b */
void solve_transposed(int nodes, int entries, const int *lower, const int *upper, const int *columns, const float *blocks,
                      const int *order, const double *b, double *y, double *x) {
    for (int i = 0; i < nodes; ++i) *(Four *)(y + 4 * (long)i) = *(const Four *)(b + 4 * (long)order[i]);
    for (int i = 0; i < nodes; ++i) {
        int own = diagonal(i, entries, upper);
        Four found = transposed_times(blocks + 16 * (long)own, *(const Four *)(y + 4 * (long)i));
        *(Four *)(y + 4 * (long)i) = found;
        for (int e = upper[i]; e < own; ++e)
            *(Four *)(y + 4 * (long)columns[e]) -= transposed_times(blocks + 16 * (long)e, found);
    }
    for (int i = nodes - 1; i >= 0; --i) {
        Four found = *(const Four *)(y + 4 * (long)i);
        for (int e = lower[i]; e < lower[i + 1]; ++e)
            *(Four *)(y + 4 * (long)columns[e]) -= transposed_times(blocks + 16 * (long)e, found);
        *(Four *)(x + 4 * (long)order[i]) = found;
    }
}
