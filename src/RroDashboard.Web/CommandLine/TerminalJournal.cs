using System.Globalization;
using RroDashboard.Core.Events;
using Spectre.Console;

namespace RroDashboard.Web.CommandLine;

/// <summary>
/// Shows a run on the terminal: a bar with the time left for each stage, or plain lines when the error stream is redirected.
/// It computes nothing and keeps nothing.
/// </summary>
internal sealed class TerminalJournal(CommandConsole console) : IRunJournal
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Stage, ProgressTask> _bars = [];
    private ProgressContext? _context;

    /// <summary>Does the work while the bars are shown.</summary>
    public async Task<T> ShowAsync<T>(Func<Task<T>> work)
    {
        if (!console.Interactive)
        {
            return await work();
        }

        var terminal = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(console.Error) });
        return await terminal.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new ElapsedTimeColumn())
            .StartAsync(async context =>
            {
                _context = context;
                return await work();
            });
    }

    /// <inheritdoc/>
    public void Record(RunFact fact)
    {
        switch (fact)
        {
            case RunStarted started:
                Line(started.Parameters == 0
                    ? $"{started.Environment}, {started.Engine}"
                    : $"{started.Environment}, {started.Parameters.ToString("N0", CultureInfo.InvariantCulture)} parameters, {started.Engine}");
                break;
            case StageStarted started:
                StartBar(started.Stage);
                break;
            case StageFinished finished:
                FinishBar(finished);
                break;
            case EvaluationFinished evaluation:
                Line(string.Create(CultureInfo.InvariantCulture, $"{Name(evaluation.Stage)}, {evaluation.Decoding}: {evaluation.Mean:0.000} [{evaluation.Low:0.000}, {evaluation.High:0.000}]"));
                break;
            case ReferenceEvaluated reference:
                Line(string.Create(CultureInfo.InvariantCulture, $"Held-out, scripted rule '{reference.Name}': {reference.Mean:0.000} [{reference.Low:0.000}, {reference.High:0.000}]"));
                break;
            case AlertRaised alert:
                Line($"{alert.Severity}: {alert.Text}");
                break;
        }
    }

    /// <inheritdoc/>
    public void Sample(RunSample sample)
    {
        if (sample is not ProgressReported progress)
        {
            return;
        }

        lock (_lock)
        {
            if (_bars.TryGetValue(progress.Stage, out var bar))
            {
                bar.IsIndeterminate = false;
                bar.MaxValue = Math.Max(1, progress.Total);
                bar.Value = progress.Done;
            }
        }
    }

    /// <summary>Name of a stage as people read it.</summary>
    internal static string Name(Stage stage) => stage switch
    {
        Stage.Sft => "Fine-tuning",
        Stage.Baseline => "Held-out before",
        Stage.Explore => "Exploration",
        Stage.Dpo => "Preference training",
        _ => "Held-out after",
    };

    private void StartBar(Stage stage)
    {
        lock (_lock)
        {
            if (_context is not null)
            {
                var bar = _context.AddTask(Name(stage));
                bar.IsIndeterminate = true;
                _bars[stage] = bar;
                return;
            }
        }

        Line($"{Name(stage)} ...");
    }

    private void FinishBar(StageFinished finished)
    {
        lock (_lock)
        {
            if (_bars.TryGetValue(finished.Stage, out var bar))
            {
                bar.IsIndeterminate = false;
                bar.Value = bar.MaxValue;
                bar.StopTask();
                return;
            }
        }

        Line(string.Create(CultureInfo.InvariantCulture, $"{Name(finished.Stage)}: {finished.Seconds:0.0} s"));
    }

    // Under live bars a line of our own would be drawn over; the JSON at the end has all of it.
    private void Line(string text)
    {
        lock (_lock)
        {
            if (_context is null)
            {
                console.Error.WriteLine(text);
            }
        }
    }
}
