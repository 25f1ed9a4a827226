// The engine's threads and memory are shared by the process: tests that measure either must not run beside others.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
