using RroDashboard.Core.Events;

namespace RroDashboard.Data.Tests;

/// <summary>Records facts for ever and says after each commit how far it came, until it is killed.</summary>
internal static class Program
{
    public static async Task Main(string[] args)
    {
        await using var database = await TestDatabase.OpenAsync(args[0], new Teller());
        var journal = database.Writer.Open(args[1]);
        for (var i = 1; ; i++)
        {
            journal.Record(new AlertRaised("info", $"{i}"));
            journal.Sample(new MetricPoint("sft/loss", i, i));
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
