using RroDashboard.Core.Events;

namespace RroDashboard.Web.Streaming;

/// <summary>
/// What viewers of a run get at most four times a second: the events committed since the last frame. Frames of a run follow each other
/// without a hole in <paramref name="First"/> .. <paramref name="Last"/>; a viewer who finds one, or another epoch, asks again.
/// </summary>
/// <param name="RunId">Which run.</param>
/// <param name="Epoch">Names this process: numbers of another process cannot be continued.</param>
/// <param name="First">Number of the first event it covers.</param>
/// <param name="Last">Number of the last event it covers.</param>
/// <param name="Seqs">Number of each event that is in it.</param>
/// <param name="Events">Events that pages draw; candidates and pairs are covered by the numbers but read on demand.</param>
public sealed record Frame(string RunId, string Epoch, long First, long Last, IReadOnlyList<long> Seqs, IReadOnlyList<RunEvent> Events);

/// <summary>Answer to "what came after this number": frames, or the advice to take a new snapshot.</summary>
/// <param name="Reset">The gap cannot be filled from memory: take a snapshot.</param>
/// <param name="Frames">What is missing, in order; empty when nothing is.</param>
public sealed record Missed(bool Reset, IReadOnlyList<Frame> Frames);

/// <summary>Everything up to a number; frames after it continue it.</summary>
/// <param name="RunId">Which run.</param>
/// <param name="Epoch">As in <see cref="Frame"/>.</param>
/// <param name="Seq">Number of the last event that is in it.</param>
/// <param name="Ended">The run will say nothing more.</param>
/// <param name="LastEventMs">When the last event was committed, Unix milliseconds.</param>
/// <param name="DroppedSamples">Samples dropped before they could be written.</param>
/// <param name="Events">Decided steps, evaluations, thinned series, budget.</param>
public sealed record Snapshot(string RunId, string Epoch, long Seq, bool Ended, long LastEventMs, long DroppedSamples, IReadOnlyList<RunEvent> Events);
