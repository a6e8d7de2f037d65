"""Data-parallel training on Dask: the samples stay on the workers, the parameters travel.

    nn.fit(model, x, y, cluster=2)                          # two worker processes on this machine, for this call
    nn.fit(model, x, y, cluster="tcp://scheduler:8786")     # a running cluster
    nn.fit(model, ["a.csv", "b.csv"], "price", cluster=…)   # files that the workers read, one shard each

In a script, code that starts worker processes must be under `if __name__ == "__main__":`, since each of them imports
the script. Start a cluster with `dask scheduler`, and on each machine `dask worker ADDRESS --nworkers CORES --nthreads
1`; the same version of `scalar-autograd[cluster]` must be installed there.

Every step sends θ to each worker, which answers with the sums of losses and gradients over its shards. They are added
in a fixed tree over the shards, so results have the same bits for any number of workers, after a worker died, and
after training is resumed from a checkpoint. That holds for workers with the same kind of processor and the same NumPy;
it does not hold between different numbers of shards, which is why 16 is the default for any number of workers.

Every wait is bounded. A worker that died, or does not answer for 20 s, is not used until it answers again, and its
shards are read elsewhere. Reading them may take 20 s, then twice as long at each retry, up to 300 s;
`dask.config.set({"nn.cluster.longest-task": 1200})` allows more. After that, or after 60 s without a worker, a
ClusterError is raised.

Use trusted clusters only: anyone who can reach a scheduler can run code on its workers. `connect` explains how to use
TLS. Only what comes from the scheduler is unpickled; checkpoints are plain arrays and JSON.
"""

from nn.cluster.batches import Batch
from nn.cluster.connecting import connect
from nn.cluster.errors import ClusterError
from nn.cluster.objective import Objective
from nn.cluster.sources import sources_of
from nn.cluster.training import train

__all__ = ["Batch", "ClusterError", "Objective", "connect", "sources_of", "train"]
