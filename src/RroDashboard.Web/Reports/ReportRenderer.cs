using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Components.Web;
using RroDashboard.Core.Events;
using RroDashboard.Data;
using RroDashboard.Web.Components;
using RroDashboard.Web.Components.Charts;
using RroDashboard.Web.Components.Pages;
using RroDashboard.Web.Components.Reports;
using RroDashboard.Web.Components.Sharing;
using RroDashboard.Web.Sharing;

namespace RroDashboard.Web.Reports;

/// <summary>A report, rendered.</summary>
/// <param name="Html">By our own components: every text in it is encoded.</param>
/// <param name="RunIds">Runs that it shows: when they say something it changes.</param>
public sealed record RenderedReport(string Html, IReadOnlyList<string> RunIds);

/// <summary>A run as a table of a report shows it.</summary>
public sealed record ReportRow(RunInfo Run, EvaluationFinished? Before, EvaluationFinished? After);

/// <summary>Renders reports: Markdown, and between it what the blocks ask for. A block that cannot be shown says why in its place.</summary>
public sealed class ReportRenderer(RunQueries runs, SnapshotQueries snapshots, IServiceProvider services, ILoggerFactory loggers)
{
    /// <summary>Blocks of one report that are shown.</summary>
    public const int MaxBlocks = 40;

    // Series that a refusal names.
    private const int MaxNamed = 20;

    /// <summary>Renders a text.</summary>
    /// <param name="markdown">May be anything.</param>
    /// <param name="redacted">Instructions, actions and observations of walks are left out.</param>
    /// <param name="cancellationToken">Given up.</param>
    public async Task<RenderedReport> RenderAsync(string markdown, bool redacted, CancellationToken cancellationToken)
    {
        await using var renderer = new HtmlRenderer(services, loggers);
        var html = new StringBuilder();
        var shown = new HashSet<string>(StringComparer.Ordinal);
        var read = new RunsRead(runs, snapshots, cancellationToken);
        var blocks = 0;
        foreach (var part in Markdown.Split(markdown))
        {
            if (!part.IsBlock)
            {
                html.Append("<div class=\"prose\">").Append(Markdown.ToHtml(part.Text)).Append("</div>\n");
                continue;
            }

            try
            {
                if (++blocks > MaxBlocks)
                {
                    throw new ReportBlockException($"A report shows {MaxBlocks} blocks, and this is one more.");
                }

                var block = ReportBlock.Parse(part.Text);
                shown.UnionWith(block.Runs());
                html.Append(await BlockAsync(renderer, block, blocks, redacted, read)).Append('\n');
            }
            catch (ReportBlockException e)
            {
                html.Append(await SharedPages.HtmlAsync<ReportNotice>(renderer, ("Block", part.Text), ("Text", e.Message)));
            }
        }

        return new RenderedReport(html.ToString(), [.. shown]);
    }

    private Task<string> BlockAsync(HtmlRenderer renderer, ReportBlock block, int number, bool redacted, RunsRead read) => block.Name switch
    {
        "run" => RunAsync(renderer, block, read),
        "chart" => ChartAsync(renderer, block, number, read),
        "table" => TableAsync(renderer, block, read),
        _ => WalkAsync(renderer, block, redacted, read),
    };

    private static async Task<string> RunAsync(HtmlRenderer renderer, ReportBlock block, RunsRead read)
    {
        var html = new StringBuilder();
        foreach (var id in block.Runs())
        {
            var snapshot = await read.SnapshotAsync(id);
            var view = await read.ViewAsync(id);
            html.Append("<section class=\"report-block\">")
                .Append(await SharedPages.HtmlAsync<SharedHead>(renderer, ("Info", snapshot.Run), ("View", view), ("Small", true)))
                .Append(await SharedPages.HtmlAsync<SharedHeadline>(renderer, ("Snapshot", snapshot), ("View", view)))
                .Append("</section>");
        }

        return html.ToString();
    }

    private async Task<string> ChartAsync(HtmlRenderer renderer, ReportBlock block, int number, RunsRead read)
    {
        var (wanted, series) = (block.Values.GetValueOrDefault("chart"), block.Values.GetValueOrDefault("series"));
        if (wanted is null == series is null)
        {
            throw new ReportBlockException($"A chart shows either series=NAME, for example sft/loss, or chart=NAME: {string.Join(", ", RunCharts.All.Select(c => c.Key))}.");
        }

        var ids = block.Runs();
        ChartView? chart;
        if (wanted is not null)
        {
            if (ids.Count > 1)
            {
                throw new ReportBlockException("chart=NAME shows one run; several can be laid over each other with series=NAME.");
            }

            chart = RunCharts.Of(await read.SnapshotAsync(ids[0]), wanted)
                ?? throw new ReportBlockException($"There is no chart '{wanted}': {string.Join(", ", RunCharts.All.Select(c => c.Key))} are.");
        }
        else
        {
            var lines = new List<(string, IReadOnlyList<Core.Metrics.Band>)>();
            foreach (var id in ids)
            {
                var run = await read.FindAsync(id);
                var found = await snapshots.BandsAsync(id, [series!.TrimEnd('/')], long.MinValue, long.MaxValue, ChartView.MaxPoints, read.CancellationToken);
                if (found.Count == 0)
                {
                    throw new ReportBlockException($"Run '{id}' has no series '{series}' yet{await OthersAsync(id, read.CancellationToken)}.");
                }

                lines.Add((ids.Count == 1 ? series! : run.Title, found[0].Bands));
            }

            chart = RunCharts.OfLines(string.Create(CultureInfo.InvariantCulture, $"block-{number}"), series!, lines);
        }

        return await SharedPages.HtmlAsync<SharedChart>(renderer, ("Title", PlainText.Of(block.Values.GetValueOrDefault("title") ?? chart.Title)), ("Chart", chart));
    }

    // Trainers elsewhere name their series as they like: nobody has to guess.
    private async Task<string> OthersAsync(string runId, CancellationToken cancellationToken)
    {
        var names = (await services.GetRequiredService<SeriesQueries>().OfAsync([runId], cancellationToken))
            .Where(s => !s.Name.StartsWith(Core.Metrics.SeriesNames.TimePrefix, StringComparison.Ordinal) && !s.Name.StartsWith(Core.Metrics.SeriesNames.SystemPrefix, StringComparison.Ordinal))
            .Select(s => s.Name).ToList();
        return names.Count == 0 ? "" : $"; it has {string.Join(", ", names.Take(MaxNamed))}{(names.Count > MaxNamed ? $" and {names.Count - MaxNamed} more" : "")}";
    }

    private static async Task<string> TableAsync(HtmlRenderer renderer, ReportBlock block, RunsRead read)
    {
        var rows = new List<ReportRow>();
        foreach (var id in block.Runs())
        {
            var run = await read.FindAsync(id);
            var view = await read.ViewAsync(id);
            rows.Add(new ReportRow(run, view.Held.GetValueOrDefault((Stage.Baseline, "greedy")), view.Held.GetValueOrDefault((Stage.Evaluate, "greedy"))));
        }

        return await SharedPages.HtmlAsync<ReportTable>(renderer, ("Rows", rows), ("Title", PlainText.Of(block.Values.GetValueOrDefault("title") ?? "Runs")));
    }

    private async Task<string> WalkAsync(HtmlRenderer renderer, ReportBlock block, bool redacted, RunsRead read)
    {
        var id = block.Runs()[0];
        var run = await read.FindAsync(id);
        if (!int.TryParse(block.Values.GetValueOrDefault("task"), NumberStyles.None, CultureInfo.InvariantCulture, out var task))
        {
            throw new ReportBlockException("A trajectory names its walk: task=3, counted from 0.");
        }

        var walk = await services.GetRequiredService<SharedPages>().ReadWalkAsync(id, task, redacted, read.CancellationToken)
            ?? throw new ReportBlockException($"Run '{id}' has not opened task {task}.");
        return await SharedPages.HtmlAsync<SharedWalkView>(renderer, ("Walk", walk), ("Title", PlainText.Of(run.Title)), ("Small", true));
    }

    /// <summary>What one rendering reads, each run once, however many blocks show it.</summary>
    private sealed class RunsRead(RunQueries runs, SnapshotQueries snapshots, CancellationToken cancellationToken)
    {
        private readonly Dictionary<string, RunInfo> _found = new(StringComparer.Ordinal);
        private readonly Dictionary<string, RunSnapshot> _snapshots = new(StringComparer.Ordinal);
        private readonly Dictionary<string, RunView> _views = new(StringComparer.Ordinal);

        public CancellationToken CancellationToken => cancellationToken;

        public async Task<RunInfo> FindAsync(string id) =>
            _found.TryGetValue(id, out var known) ? known : _found[id] = await runs.FindAsync(id, cancellationToken) ?? throw None(id);

        public async Task<RunSnapshot> SnapshotAsync(string id) =>
            _snapshots.TryGetValue(id, out var known) ? known : _snapshots[id] = await snapshots.SnapshotAsync(id, cancellationToken) ?? throw None(id);

        public async Task<RunView> ViewAsync(string id) =>
            _views.TryGetValue(id, out var known) ? known : _views[id] = RunView.Of(await runs.HeaderAsync(id, cancellationToken));

        private static ReportBlockException None(string id) => new($"There is no run '{id}'.");
    }
}
