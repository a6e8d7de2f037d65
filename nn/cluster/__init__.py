"""Data-parallel training on Dask: the samples stay on the workers, the parameters travel.

    nn.fit(model, x, y, cluster=2)                          # two worker processes on this machine, gone afterwards
    nn.fit(model, x, y, cluster="tcp://scheduler:8786")     # a running cluster
    nn.fit(model, ["a.csv", "b.csv"], "price", cluster=…)   # files that the workers read themselves, a shard each

In a script, what starts worker processes must be under `if __name__ == "__main__":`, since they run the script again
up to there. A running cluster is started with `dask scheduler`, and on each machine `dask worker ADDRESS --nworkers
CORES --nthreads 1`; `scalar-autograd[cluster]` of the same version must be installed there.

Every step sends θ to each worker, which answers with the sums of losses and gradients over its shards. They are added
in a fixed tree over the shards, so results have the same bits for any number of workers, after a worker died, and
after training is taken up again from a checkpoint. That holds for workers with the same kind of processor and the same
NumPy; it does not hold between different numbers of shards, which is why 16 is the default for any number of workers.

No wait is without an end. A worker that died, or that does not answer for 20 s, being frozen, is done without until it
answers again, and its shards are read elsewhere. Reading them may take 20 s, twice as long when it was too short, and
300 s at most: `dask.config.set({"nn.cluster.longest-task": 1200})` allows more. Then, or after a minute without a
worker, comes a ClusterError.

Use trusted clusters only: who reaches a scheduler can run code on its workers. `connect` tells how to use TLS. Nothing
is unpickled but what comes from the scheduler; checkpoints are plain arrays and JSON.
"""

from nn.cluster.batches import Batch
from nn.cluster.connecting import connect
from nn.cluster.errors import ClusterError
from nn.cluster.objective import Objective
from nn.cluster.sources import sources_of
from nn.cluster.training import train

__all__ = ["Batch", "ClusterError", "Objective", "connect", "sources_of", "train"]
