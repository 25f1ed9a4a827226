using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;
using RroDashboard.Data;
using RroDashboard.Data.Entities;
using RroDashboard.Web.Components;
using RroDashboard.Web.Components.Charts;
using RroDashboard.Web.Components.Pages;
using RroDashboard.Web.Components.Sharing;
using RroDashboard.Web.Reports;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Sharing;

/// <summary>
/// Renders what a link shows, for the page and for everyone who follows it: one way only, so that what is left out is left out everywhere. Texts that a
/// link does not show are never given to a component.
/// </summary>
public sealed class SharedPages(RunQueries runs, SnapshotQueries snapshots, WalkQueries walks, ReportStore reports, ReportRenderer reportRenderer, IServiceProvider services, ILoggerFactory loggers, TimeProvider time)
{
    /// <summary>Decided steps that a shared run shows, newest first.</summary>
    public const int FeedSteps = 30;

    /// <summary>Steps of a shared walk; a longer one says how many are left out.</summary>
    public const int WalkSteps = 200;

    /// <summary>Charts of series that a trainer elsewhere named, on one shared page.</summary>
    public const int OwnCharts = 24;

    /// <summary>Stands where a text is left out.</summary>
    public const string Hidden = "(left out by whoever shared this)";

    /// <summary>Renders a page; null when what it is about is gone.</summary>
    public async Task<SharedPage?> RenderAsync(ShareTarget target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        await using var renderer = new HtmlRenderer(services, loggers);
        return target.Scope switch
        {
            ShareScope.Run => await RunAsync(renderer, target, null, cancellationToken),
            ShareScope.Chart => RunCharts.All.Any(c => c.Key == target.Target) ? await RunAsync(renderer, target, target.Target, cancellationToken) : null,
            ShareScope.Trajectory => await WalkAsync(renderer, target, cancellationToken),
            _ => await ReportAsync(renderer, target, cancellationToken),
        };
    }

    /// <summary>A walk as a link shows it; null when it was not opened.</summary>
    public async Task<SharedWalk?> ReadWalkAsync(string runId, int task, bool redacted, CancellationToken cancellationToken)
    {
        if (await runs.FindAsync(runId, cancellationToken) is not { } run || await walks.WalkAsync(runId, task, cancellationToken) is not { } walk)
        {
            return null;
        }

        var range = (await runs.HeaderAsync(runId, cancellationToken)).OfType<RunStarted>().LastOrDefault()?.RewardRange ?? RewardRange.Unit;
        var rule = RunView.RuleOf(run.Plan, range);
        var steps = walk.Steps.Take(WalkSteps).ToList();
        var attempts = steps.Select(s => WalkQueries.FollowedAttempt(s, run.Plan.Explore.Continue == Continue.AlongExpert)).ToList();
        // Not even read where they are not shown.
        var texts = redacted
            ? []
            : (await walks.TrajectoryAsync(runId, task, attempts, LongText.MaxLength, LongText.MaxLength, cancellationToken)).ToDictionary(o => o.Step);
        return new SharedWalk(
            task,
            redacted ? "" : walk.Opened.TaskId,
            redacted ? Hidden : LongText.Cut(walk.Opened.Instruction),
            walk.Opened.Baseline.Mean,
            walk.Finished?.Reward,
            [.. steps.Select(s => new SharedStep(
                s.Step,
                redacted ? Hidden : Whole(texts.GetValueOrDefault(s.Step)?.Action, s.Action),
                redacted ? Hidden : Whole(texts.GetValueOrDefault(s.Step)?.Observation, ""),
                s.Previous.Mean, s.Accepted?.Mean, s.Accepted is { } accepted ? accepted.IntervalWithin(range) : null, s.Verdict.ToString(), s.Accounts.Count,
                LedgerSentence.Of(s, rule, run.Plan.Explore.MaxCandidates)))],
            walk.Steps.Count - steps.Count);

        static string Whole(TextStart? text, string otherwise) => text is not { } start
            ? LongText.Cut(otherwise)
            : start.Hidden > 0 ? string.Create(CultureInfo.InvariantCulture, $"{start.Start} … (the first {start.Start.Length:N0} of {start.Length:N0} characters)") : start.Start;
    }

    /// <summary>HTML of a component, from outside of any page.</summary>
    internal static Task<string> HtmlAsync<T>(HtmlRenderer renderer, params (string Name, object? Value)[] parameters)
        where T : IComponent => renderer.Dispatcher.InvokeAsync(async () =>
        {
            var values = ParameterView.FromDictionary(parameters.ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal));
            return (await renderer.RenderComponentAsync<T>(values)).ToHtmlString();
        });

    private async Task<SharedPage?> RunAsync(HtmlRenderer renderer, ShareTarget target, string? chart, CancellationToken cancellationToken)
    {
        if (await snapshots.SnapshotAsync(target.RunId!, cancellationToken) is not { } snapshot)
        {
            return null;
        }

        var view = RunView.Of(await runs.HeaderAsync(target.RunId!, cancellationToken));
        var sections = new List<SharedSection> { new("head", await HtmlAsync<SharedHead>(renderer, ("Info", snapshot.Run), ("View", view), ("Small", chart is not null))) };
        if (chart is null)
        {
            sections.Add(new("headline", await HtmlAsync<SharedHeadline>(renderer, ("Snapshot", snapshot), ("View", view))));
        }

        var elsewhere = chart is null && snapshot.Run.Remote is not null;
        if (elsewhere)
        {
            var (charts, leftOut) = RunCharts.OwnOf(snapshot, OwnCharts);
            sections.Add(new("metrics", await HtmlAsync<SharedSeries>(renderer, ("Charts", charts), ("LeftOut", leftOut))));
        }

        foreach (var (key, title) in RunCharts.All.Where(c => chart is null || c.Key == chart))
        {
            // A trainer elsewhere need not do what our stages do: of those a chart has its place, and is seen when it has something to show.
            var drawn = RunCharts.Of(snapshot, key);
            sections.Add(new($"chart-{key}", elsewhere && drawn is not { HasContent: true } ? "" : await HtmlAsync<SharedChart>(renderer, ("Title", title), ("Chart", drawn))));
        }

        if (chart is null)
        {
            var range = view.Started?.RewardRange ?? RewardRange.Unit;
            var rule = RunView.RuleOf(snapshot.Run.Plan, range);
            var steps = snapshot.Newest.Reverse().Take(FeedSteps)
                .Select(s => new SharedDecision(
                    s.Task, s.Step, target.Redacted ? Hidden : LongText.Cut(s.Action), s.Previous.Mean, s.Accepted?.Mean, s.Verdict.ToString(),
                    LedgerSentence.Of(s, rule, snapshot.Run.Plan.Explore.MaxCandidates))).ToList();
            sections.Add(new("feed", await HtmlAsync<SharedFeed>(renderer, ("Steps", steps), ("Total", snapshot.Decisions.Decided))));
            sections.Add(new("provenance", await HtmlAsync<SharedProvenance>(
                renderer, ("SettingsSha256", SettingsHash(snapshot.Run.Plan)), ("View", view))));
        }

        return new SharedPage(PlainText.Of(snapshot.Run.Title), time.GetUtcNow().UtcDateTime, sections, [target.RunId!]);
    }

    private async Task<SharedPage?> WalkAsync(HtmlRenderer renderer, ShareTarget target, CancellationToken cancellationToken)
    {
        if (!int.TryParse(target.Target, NumberStyles.None, CultureInfo.InvariantCulture, out var task)
            || await runs.FindAsync(target.RunId!, cancellationToken) is not { } run
            || await ReadWalkAsync(target.RunId!, task, target.Redacted, cancellationToken) is not { } walk)
        {
            return null;
        }

        var html = await HtmlAsync<SharedWalkView>(renderer, ("Walk", walk), ("Title", PlainText.Of(run.Title)));
        return new SharedPage(string.Create(CultureInfo.InvariantCulture, $"Walk {task} of {PlainText.Of(run.Title)}"), time.GetUtcNow().UtcDateTime, [new("walk", html)], [target.RunId!]);
    }

    private async Task<SharedPage?> ReportAsync(HtmlRenderer renderer, ShareTarget target, CancellationToken cancellationToken)
    {
        if (await reports.FindAsync(target.ReportId!, null, cancellationToken) is not (_, { } version))
        {
            return null;
        }

        var rendered = await reportRenderer.RenderAsync(version.Markdown, target.Redacted, cancellationToken);
        var html = await HtmlAsync<SharedReport>(renderer, ("Title", version.Title), ("Html", rendered.Html));
        return new SharedPage(PlainText.Of(version.Title), time.GetUtcNow().UtcDateTime, [new("report", html)], rendered.RunIds);
    }

    /// <summary>SHA-256 over every setting as "path=value" lines in order of their paths: anyone can compute it from config.json of the export.</summary>
    public static string SettingsHash(RunPlan plan) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Concat(PlanSettings.ToDictionary(plan).OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"{s.Key}={s.Value}\n")))));
}

/// <summary>A decided step as a shared run shows it.</summary>
public sealed record SharedDecision(int Task, int Step, string Action, double Previous, double? Accepted, string Verdict, string Sentence);

/// <summary>A step of a shared walk.</summary>
public sealed record SharedStep(
    int Step, string Action, string Observation, double Previous, double? Value, Interval? Interval, string Verdict, int Candidates, string Sentence);

/// <summary>A shared walk.</summary>
public sealed record SharedWalk(int Task, string TaskId, string Instruction, double Baseline, double? Reward, IReadOnlyList<SharedStep> Steps, int LeftOut);
