/* The inverse of the left half of m into its right half, with pivots; the left half is lost. */
static inline void invert(double m[4][8]) {
    for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j) m[i][4 + j] = i == j;
    for (int p = 0; p < 4; ++p) {
        int largest = p;
        for (int i = p + 1; i < 4; ++i)
            if (m[i][p] * m[i][p] > m[largest][p] * m[largest][p]) largest = i;
        for (int j = 0; j < 8; ++j) {
            double kept = m[p][j];
            m[p][j] = m[largest][j];
            m[largest][j] = kept;
        }
        double factor = 1.0 / m[p][p];
        for (int j = 0; j < 8; ++j) m[p][j] *= factor;
        for (int i = 0; i < 4; ++i)
            if (i != p) {
                double f = m[i][p];
                for (int j = 0; j < 8; ++j) m[i][j] -= f * m[p][j];
            }
    }
}
