#!/bin/bash
# One run of fem-rashba on a cluster:  sbatch --ntasks=64 slurm.sh cross.toml out
#SBATCH --job-name=fem-rashba
#SBATCH --ntasks=16
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=3G
#SBATCH --time=01:00:00
#SBATCH --signal=TERM@60
set -euo pipefail

config=$1 out=$2
# for conda: source "$HOME/miniforge3/etc/profile.d/conda.sh" && conda activate fem-rashba

# the ranks are the parallelism: a BLAS with threads of its own would fight them for the cores
export OMP_NUM_THREADS=1
# compiled forms and matplotlib's fonts: one folder that all nodes see, not a home that is slow or full
export XDG_CACHE_HOME=${SCRATCH:-$HOME}/.cache

fem-rashba check "$config"
mpirun -n "${SLURM_NTASKS:-2}" fem-rashba run "$config" -o "$out"
