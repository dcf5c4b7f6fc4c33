/* The Galerkin product P^T A P of a matrix that is not assembled, A = sum_k s_k (x) t_k and a few full blocks, with an
 * interpolation P of each field, given by rows, that is zero where a field is fixed. By rows of the product: `begins` and
 * `at` list the nodes that a function I reaches, as places in P; `mark` has room for one int a function, all -1. */

typedef double Four __attribute__((vector_size(32), aligned(8)));

/* Which nodes a function reaches. `next` has room for one int a function. */
void reached(int nodes, int functions, const int *p_starts, const int *p_columns, int *begins, int *at, int *next) {
    for (int i = 0; i <= functions; ++i) begins[i] = 0;
    for (int p = 0; p < p_starts[nodes]; ++p) ++begins[p_columns[p] + 1];
    for (int i = 0; i < functions; ++i) begins[i + 1] += begins[i];
    for (int i = 0; i < functions; ++i) next[i] = begins[i];
    for (int r = 0; r < nodes; ++r)
        for (int p = p_starts[r]; p < p_starts[r + 1]; ++p) at[next[p_columns[p]]++] = p;
}

/* With row[p] the node of place p: how many functions each is coupled to (starts), and, if `columns` is given, which. */
void couplings(int functions, const int *starts, const int *columns, const int *p_starts, const int *p_columns,
               const int *begins, const int *at, const int *row, int *mark, int *c_starts, int *c_columns) {
    for (int i = 0; i < functions; ++i) mark[i] = -1;
    int count = 0;
    for (int i = 0; i < functions; ++i) {
        c_starts[i] = count;
        for (int a = begins[i]; a < begins[i + 1]; ++a)
            for (int r = row[at[a]], e = starts[r]; e < starts[r + 1]; ++e)
                for (int c = columns[e], p = p_starts[c]; p < p_starts[c + 1]; ++p)
                    if (mark[p_columns[p]] != i) {
                        mark[p_columns[p]] = i;
                        if (c_columns) c_columns[count] = p_columns[p];
                        ++count;
                    }
    }
    c_starts[functions] = count;
}

static inline void add(const double *block, const double *of_row, const double *of_column, double weight, double *to) {
    for (int f = 0; f < 4; ++f)
        *(Four *)(to + 4 * f) += weight * of_row[f] * (*(const Four *)(block + 4 * f) * *(const Four *)of_column);
}

/* The blocks (test, unknown) on that pattern, zero before; `whole` has room for four doubles a block, zero. */
void product(int functions, const int *starts, const int *columns, const double *s, const double *t, int extras,
             const int *extra_rows, const int *extra_columns, const double *extra_blocks, const int *extra_of,
             const double *free, const int *p_starts, const int *p_columns, const double *p, const int *begins, const int *at,
             const int *row, int *mark, const int *c_starts, const int *c_columns, double *whole, double *blocks) {
    for (int i = 0; i < functions; ++i) {
        for (int k = c_starts[i]; k < c_starts[i + 1]; ++k) mark[c_columns[k]] = k;
        for (int a = begins[i]; a < begins[i + 1]; ++a) {
            int r = row[at[a]];
            const double *of_row = free + 4 * (long)r;
            int all = of_row[0] * of_row[1] * of_row[2] * of_row[3] != 0.0;
            for (int e = starts[r]; e < starts[r + 1]; ++e) {
                int c = columns[e];
                const double *of_column = free + 4 * (long)c;
                if (all && of_column[0] * of_column[1] * of_column[2] * of_column[3] != 0.0) {
                    Four scalars = *(const Four *)(s + 4 * (long)e);
                    for (int q = p_starts[c]; q < p_starts[c + 1]; ++q)
                        *(Four *)(whole + 4 * (long)mark[p_columns[q]]) += p[at[a]] * p[q] * scalars;
                } else {
                    double block[16];
                    for (int j = 0; j < 16; ++j) {
                        block[j] = 0.0;
                        for (int k = 0; k < 4; ++k) block[j] += s[4 * (long)e + k] * t[16 * k + j];
                    }
                    for (int q = p_starts[c]; q < p_starts[c + 1]; ++q)
                        add(block, of_row, of_column, p[at[a]] * p[q], blocks + 16 * (long)mark[p_columns[q]]);
                }
            }
            for (int e = extra_of[r]; e < extras && extra_rows[e] == r; ++e)
                for (int c = extra_columns[e], q = p_starts[c]; q < p_starts[c + 1]; ++q)
                    add(extra_blocks + 16 * (long)e, of_row, free + 4 * (long)c, p[at[a]] * p[q],
                        blocks + 16 * (long)mark[p_columns[q]]);
        }
        for (int k = c_starts[i]; k < c_starts[i + 1]; ++k)
            for (int j = 0; j < 16; ++j)
                for (int m = 0; m < 4; ++m) blocks[16 * (long)k + j] += whole[4 * (long)k + m] * t[16 * m + j];
    }
}
