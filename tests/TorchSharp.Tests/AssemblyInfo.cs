// Live tensors are counted for the process: tests must not make some beside each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
