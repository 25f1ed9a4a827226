using RroDashboard.Core.Events;

namespace RroDashboard.Data.Tests;

/// <summary>Records facts, or batches of a trainer elsewhere, for ever and says after each commit how far it came, until it is killed.</summary>
internal static class Program
{
    public static async Task Main(string[] args)
    {
        if (args is [_, _, "remote"])
        {
            await AppendAsync(args[0], args[1]);
        }

        await using var database = await TestDatabase.OpenAsync(args[0], new Teller());
        var journal = database.Writer.Open(args[1]);
        for (var i = 1; ; i++)
        {
            journal.Record(new AlertRaised("info", $"{i}"));
            journal.Sample(new MetricPoint("sft/loss", i, i));
        }
    }

    // Batches of a trainer elsewhere; says of each that it was answered.
    private static async Task AppendAsync(string folder, string run)
    {
        await using var database = await TestDatabase.OpenAsync(folder);
        for (var number = 1L; ; number++)
        {
            Console.Out.WriteLine((await database.Writer.AppendAsync(run, number, RemoteAppendTests.Batch(number), default)).Last);
            Console.Out.Flush();
        }
    }

    private sealed class Teller : ICommittedEvents
    {
        public void OnCommitted(IReadOnlyList<CommittedEvent> events)
        {
            Console.Out.WriteLine(events[^1].Seq);
            Console.Out.Flush();
        }
    }
}
