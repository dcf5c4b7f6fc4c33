/* Where an incomplete factorisation has entries, in an order of the nodes of its own. Patterns are symmetric. */

/* The columns after each row in the new order, in which node order[i] of the old one is node i; in any order. */
void after(int nodes, const int *starts, const int *columns, const int *order, const int *number, int *first, int *list) {
    int count = 0;
    for (int i = 0; i < nodes; ++i) {
        first[i] = count;
        for (int e = starts[order[i]]; e < starts[order[i] + 1]; ++e)
            if (number[columns[e]] > i) list[count++] = number[columns[e]];
    }
    first[nodes] = count;
}

/* Both halves of the pattern that has these columns after each row. Memory is read forwards in both halves of a solve: first
 * the rows of L, columns ascending, from lower[i] on; then those of U, the last row first, columns descending, from upper[i]
 * on, the diagonal at the end of each. `next` has room for one int a node. */
void halves(int nodes, const int *first, const int *list, int *lower, int *upper, int *columns, int *next) {
    for (int i = 0; i <= nodes; ++i) lower[i] = 0;
    for (int e = 0; e < first[nodes]; ++e) ++lower[list[e] + 1];
    for (int i = 0; i < nodes; ++i) lower[i + 1] += lower[i];
    for (int i = 0; i < nodes; ++i) next[i] = lower[i];
    for (int i = 0; i < nodes; ++i)
        for (int e = first[i]; e < first[i + 1]; ++e) columns[next[list[e]]++] = i;
    for (int i = nodes - 1, end = lower[nodes]; i >= 0; --i) {
        upper[i] = next[i] = end;
        end += first[i + 1] - first[i] + 1;
    }
    for (int i = nodes - 1; i >= 0; --i) {
        for (int e = lower[i]; e < lower[i + 1]; ++e) columns[next[columns[e]]++] = i;
        columns[next[i]] = i;
    }
}

/* The columns after each row with those that it is coupled to by the elimination of an earlier node, which the row has in
 * one pattern (lower, columns) and the column in another (after, others), for some pairs of patterns. Without a list they
 * are only counted. `seen` has room for one int a node, all -1. */
void filled(int nodes, int pairs, const int *first, const int *list, const int *const *lower, const int *const *columns,
            const int *const *after, const int *const *others, int *new_first, int *new_list, int *seen) {
    int count = 0;
    for (int i = 0; i < nodes; ++i) {
        new_first[i] = count;
        for (int e = first[i]; e < first[i + 1]; ++e) {
            seen[list[e]] = i;
            if (new_list) new_list[count] = list[e];
            ++count;
        }
        for (int pair = 0; pair < pairs; ++pair)
            for (int e = lower[pair][i]; e < lower[pair][i + 1]; ++e) {
                int k = columns[pair][e];
                for (int f = after[pair][k]; f < after[pair][k + 1]; ++f) {
                    int j = others[pair][f];
                    if (j <= i || seen[j] == i) continue;
                    seen[j] = i;
                    if (new_list) new_list[count] = j;
                    ++count;
                }
            }
    }
    new_first[nodes] = count;
}

/* Where the entries of the old order are among those of the new one; `where` has room for one int a node. */
void places(int nodes, const int *starts, const int *old_columns, const int *order, const int *number, const int *lower,
            const int *upper, const int *columns, int *where, int *place) {
    for (int i = 0; i < nodes; ++i) {
        for (int e = lower[i]; e < lower[i + 1]; ++e) where[columns[e]] = e;
        for (int e = upper[i];; ++e) {
            where[columns[e]] = e;
            if (columns[e] == i) break;
        }
        for (int e = starts[order[i]]; e < starts[order[i] + 1]; ++e) place[e] = where[number[old_columns[e]]];
    }
}
