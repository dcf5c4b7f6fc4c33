/* The pattern of a matrix that is summed over cells: where each row begins, its columns in order, and the entry to which
 * every entry of an element matrix belongs. `dofs` has n nodes a cell. */

/* The cells at each node (begins, at: cell n + local number), and how many columns its row has (starts). `mark` has room
 * for one int a node. */
void rows(int cells, int n, const int *dofs, int nodes, int *begins, int *at, int *mark, int *starts) {
    for (int r = 0; r <= nodes; ++r) begins[r] = 0;
    for (long d = 0; d < (long)cells * n; ++d) ++begins[dofs[d] + 1];
    for (int r = 0; r < nodes; ++r) begins[r + 1] += begins[r];
    for (int r = 0; r < nodes; ++r) mark[r] = begins[r];
    for (long d = 0; d < (long)cells * n; ++d) at[mark[dofs[d]]++] = (int)d;
    for (int r = 0; r < nodes; ++r) mark[r] = -1;
    starts[0] = 0;
    for (int r = 0; r < nodes; ++r) {
        int count = 0;
        for (int a = begins[r]; a < begins[r + 1]; ++a) {
            const int *cell = dofs + (long)(at[a] / n) * n;
            for (int j = 0; j < n; ++j)
                if (mark[cell[j]] != r) {
                    mark[cell[j]] = r;
                    ++count;
                }
        }
        starts[r + 1] = starts[r] + count;
    }
}

/* The columns, and the targets (cells, n, n). `mark` is as `rows` left it. */
void entries(int n, const int *dofs, int nodes, const int *begins, const int *at, int *mark, const int *starts, int *columns,
             int *targets) {
    for (int r = 0; r < nodes; ++r) mark[r] = -1;
    for (int r = 0; r < nodes; ++r) {
        int first = starts[r], count = 0, *row = columns + first;
        for (int a = begins[r]; a < begins[r + 1]; ++a) {
            const int *cell = dofs + (long)(at[a] / n) * n;
            for (int j = 0; j < n; ++j)
                if (mark[cell[j]] < first) { /* rows come one after the other: not in this one yet */
                    int k = count++;
                    for (; k > 0 && row[k - 1] > cell[j]; --k) row[k] = row[k - 1];
                    row[k] = cell[j];
                    mark[cell[j]] = first;
                }
        }
        for (int k = 0; k < count; ++k) mark[row[k]] = first + k;
        for (int a = begins[r]; a < begins[r + 1]; ++a) {
            const int *cell = dofs + (long)(at[a] / n) * n;
            int *to = targets + (long)at[a] * n;
            for (int j = 0; j < n; ++j) to[j] = mark[cell[j]];
        }
    }
}
