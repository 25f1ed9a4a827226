using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Data;

namespace RroDashboard.Web.Streaming;

/// <summary>New points of one series, as columns of equal length: a third of the bytes of one object a point.</summary>
/// <param name="Series">Its name.</param>
/// <param name="Seqs">Number of each point's event.</param>
/// <param name="Steps">Step of each.</param>
/// <param name="Values">Value of each.</param>
public sealed record PointColumns(string Series, IReadOnlyList<long> Seqs, IReadOnlyList<long> Steps, IReadOnlyList<double> Values);

/// <summary>
/// What viewers of a run get, at most twenty times a second: the events committed since the last frame. Frames of a run follow each other
/// without a hole in <paramref name="First"/> .. <paramref name="Last"/>; a viewer who finds one, or another epoch, asks again.
/// </summary>
/// <param name="RunId">Which run.</param>
/// <param name="Epoch">Names this process: numbers of another process cannot be continued.</param>
/// <param name="First">Number of the first event it covers.</param>
/// <param name="Last">Number of the last event it covers.</param>
/// <param name="AtMs">When the last of them was committed, Unix milliseconds.</param>
/// <param name="Seqs">Number of each event in <paramref name="Events"/>.</param>
/// <param name="Events">Events that pages draw, without points; candidates and pairs are covered by the numbers but read on demand.</param>
/// <param name="Points">Points, by series.</param>
public sealed record Frame(
    string RunId, string Epoch, long First, long Last, long AtMs, IReadOnlyList<long> Seqs, IReadOnlyList<RunEvent> Events, IReadOnlyList<PointColumns> Points);

/// <summary>Answer to "what came after this number": frames, or the advice to take a new snapshot.</summary>
/// <param name="Reset">The gap cannot be filled from memory: take a snapshot.</param>
/// <param name="Frames">What is missing, in order; empty when nothing is.</param>
public sealed record Missed(bool Reset, IReadOnlyList<Frame> Frames);

/// <summary>A series as columns of equal length.</summary>
/// <param name="Series">Its name.</param>
/// <param name="Steps">Step of the last point of each band.</param>
/// <param name="Values">Value there.</param>
/// <param name="Low">Smallest value of each band; null where every band is one point.</param>
/// <param name="High">Largest value of each band; null where every band is one point.</param>
public sealed record SeriesColumns(string Series, IReadOnlyList<long> Steps, IReadOnlyList<double> Values, IReadOnlyList<double>? Low, IReadOnlyList<double>? High)
{
    /// <summary>From bands.</summary>
    public static SeriesColumns Of(SeriesBands series)
    {
        ArgumentNullException.ThrowIfNull(series);
        var bands = series.Bands;
        var thick = bands.Any(b => b.Low != b.High);
        return new(series.Name, [.. bands.Select(b => b.Step)], [.. bands.Select(b => b.Last)], thick ? [.. bands.Select(b => b.Low)] : null, thick ? [.. bands.Select(b => b.High)] : null);
    }
}

/// <summary>Everything up to a number; frames after it continue it. Bounded, however long the run is.</summary>
/// <param name="RunId">Which run.</param>
/// <param name="Epoch">As in <see cref="Frame"/>.</param>
/// <param name="Seq">Number of the last event that is in it.</param>
/// <param name="Ended">The run trains no more.</param>
/// <param name="StartedMs">When it began, Unix milliseconds; null while it waits.</param>
/// <param name="LastEventMs">When the last event was committed, Unix milliseconds.</param>
/// <param name="DroppedSamples">Samples dropped before they could be written.</param>
/// <param name="Decisions">What all decided steps say together.</param>
/// <param name="Newest">The newest decided steps, oldest first.</param>
/// <param name="Events">Evaluations, references, budget.</param>
/// <param name="Marks">Stages, checkpoints and notes with their times.</param>
/// <param name="Series">Every series but those of the machine, in bands.</param>
public sealed record Snapshot(
    string RunId, string Epoch, long Seq, bool Ended, long? StartedMs, long LastEventMs, long DroppedSamples, DecisionSummary Decisions, IReadOnlyList<StepDecided> Newest,
    IReadOnlyList<RunEvent> Events, IReadOnlyList<RunMark> Marks, IReadOnlyList<SeriesColumns> Series);
