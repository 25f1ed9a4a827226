using RroDashboard.Benchmarks;
using RroDashboard.Web.CommandLine;

if (args is ["viewers", ..])
{
    // Hub clients of bench live, in a process of their own.
    return await HubViewers.RunAsync(args[1..]);
}

if (args is ["checkpoint", _, ..])
{
    // No benchmark: makes what one can be run on.
    return await RandomCheckpoint.RunAsync(args[1..]);
}

if (args is ["pairs", _, ..])
{
    return await ScriptedPairs.RunAsync(args[1..]);
}

return await RroCommandLine.RunAsync(["bench", .. args], benchmarks:
[
    new Benchmark("sampling", "Actions sampled in one batch with cached keys and values, against recomputing every history for every token.", SamplingBenchmark.RunAsync),
    new Benchmark("attention", "A decoder of SmolLM2's blocks with keys and values in bfloat16, and with attention in one operator, against float32 in parts.", AttentionBenchmark.RunAsync),
    new Benchmark("exploration", "What every way to explore spends on the demo's shop, against fixed-size exploration of five.", ExplorationBenchmark.RunAsync),
    new Benchmark("training", "SFT updates of the default model with one and with two threads.", TrainingBenchmark.RunAsync),
    new Benchmark("journal", "Facts and points through the journal's single writer, against EF Core saving 20 rows at a time.", JournalBenchmark.RunAsync),
    new Benchmark("webshop", "Loading, indexing, searching and shopping in 1,000 and in 100,000 generated products.", WebShopBenchmark.RunAsync),
    new Benchmark("sql", "Statements as MySQL 8 against the same ones as plain SQLite, by size of the tables.", SqlBenchmark.RunAsync),
    new Benchmark("live", "1,000 events a second to 200 viewers, a real browser painting beside 49 more while a run trains, and what they cost. Takes two minutes.", LiveBenchmark.RunAsync),
    new Benchmark("page", "Pages of a very large run, a list of 1,000 runs, and memory over a long watch (RRO_SOAK_SECONDS, 60 by default, 7200 for all of it). Takes some minutes.", PageBenchmark.RunAsync),
    new Benchmark("cuda", "For whoever has a CUDA card for ten minutes: its numbers against the processor's, tokens a second at the size of Gemma 2 2B against transformers, one iteration of RRO. Takes up to eight minutes, 12 GB of memory and 6 GB of disk.", CudaBenchmark.RunAsync),
    new Benchmark("fuzz", "100,000 random and mutated requests and hub frames (RRO_FUZZ says how many), counted by their answers. Takes some minutes.", FuzzBenchmark.RunAsync),
]);
