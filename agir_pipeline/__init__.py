"""From questionnaires and partner files to the tables of an independent evaluation."""

import os

# Thousands of small matrices: one thread is about ten times faster on a busy machine than threads
# that wait for each other, and sums then come out the same whatever the number of cores.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
