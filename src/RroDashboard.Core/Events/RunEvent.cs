using System.Text.Json.Serialization;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Events;

/// <summary>Life of a run as people see it.</summary>
public enum RunState
{
    /// <summary>Waits for the device.</summary>
    Queued,

    /// <summary>Works now, in this process.</summary>
    Running,

    /// <summary>Reached its end.</summary>
    Finished,

    /// <summary>Ended by an error, whose text is kept.</summary>
    Failed,

    /// <summary>Ended by a person.</summary>
    Stopped,

    /// <summary>Its process died; everything that was shown is still there.</summary>
    Interrupted,
}

/// <summary>Parts of a run, in their order.</summary>
public enum Stage
{
    /// <summary>Supervised fine-tuning on demonstrations.</summary>
    Sft,

    /// <summary>Held-out evaluation of the SFT model.</summary>
    Baseline,

    /// <summary>Reward rising sampling.</summary>
    Explore,

    /// <summary>Direct preference optimisation on the step pairs.</summary>
    Dpo,

    /// <summary>Held-out evaluation of the final model.</summary>
    Evaluate,
}

/// <summary>Everything a run says goes through one journal as one of these.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(RunStarted), "runStarted")]
[JsonDerivedType(typeof(StageStarted), "stageStarted")]
[JsonDerivedType(typeof(StageFinished), "stageFinished")]
[JsonDerivedType(typeof(ExplorationStarted), "explorationStarted")]
[JsonDerivedType(typeof(TaskOpened), "taskOpened")]
[JsonDerivedType(typeof(CandidateScored), "candidateScored")]
[JsonDerivedType(typeof(StepDecided), "stepDecided")]
[JsonDerivedType(typeof(TaskFinished), "taskFinished")]
[JsonDerivedType(typeof(PairCreated), "pairCreated")]
[JsonDerivedType(typeof(PairsTaken), "pairsTaken")]
[JsonDerivedType(typeof(TrajectoryKept), "trajectoryKept")]
[JsonDerivedType(typeof(EvaluationFinished), "evaluationFinished")]
[JsonDerivedType(typeof(DemonstrationsMade), "demonstrationsMade")]
[JsonDerivedType(typeof(ReferenceEvaluated), "referenceEvaluated")]
[JsonDerivedType(typeof(CheckpointSaved), "checkpointSaved")]
[JsonDerivedType(typeof(AlertRaised), "alertRaised")]
[JsonDerivedType(typeof(RunEnded), "runEnded")]
[JsonDerivedType(typeof(NoteAdded), "noteAdded")]
[JsonDerivedType(typeof(RerollRequested), "rerollRequested")]
[JsonDerivedType(typeof(RerollFinished), "rerollFinished")]
[JsonDerivedType(typeof(RerollFailed), "rerollFailed")]
[JsonDerivedType(typeof(RunResumed), "runResumed")]
[JsonDerivedType(typeof(PairMargins), "pairMargins")]
[JsonDerivedType(typeof(EpisodePlayed), "episodePlayed")]
[JsonDerivedType(typeof(PairsDrawn), "pairsDrawn")]
[JsonDerivedType(typeof(PreferencesTrained), "preferencesTrained")]
[JsonDerivedType(typeof(MetricPoint), "metricPoint")]
[JsonDerivedType(typeof(ProgressReported), "progressReported")]
[JsonDerivedType(typeof(BudgetReported), "budgetReported")]
[JsonDerivedType(typeof(LogLine), "logLine")]
public abstract record RunEvent;

/// <summary>Committed before anyone sees it and never lost.</summary>
public abstract record RunFact : RunEvent;

/// <summary>May be dropped under pressure; drops are counted and shown.</summary>
public abstract record RunSample : RunEvent;

/// <summary>First fact of a run.</summary>
/// <param name="Settings">Every setting of the plan: dotted path to value, as text.</param>
/// <param name="Environment">Name of the environment.</param>
/// <param name="EnvironmentHash">SHA-256 over the data that decide its behaviour, hex.</param>
/// <param name="Engine">Engine and its version, for example "libtorch 1.13.1, OpenBLAS".</param>
/// <param name="Parameters">Number of trainable numbers of the policy.</param>
/// <param name="Vocabulary">Number of tokens.</param>
/// <param name="RewardRange">Lowest and highest final reward.</param>
public sealed record RunStarted(
    IReadOnlyDictionary<string, string> Settings,
    string Environment,
    string EnvironmentHash,
    string Engine,
    long Parameters,
    int Vocabulary,
    RewardRange RewardRange) : RunFact;

/// <summary>Where the demonstrations come from.</summary>
/// <param name="Sources">Number by source: "scripted expert", or the name of a log file.</param>
/// <param name="LeftOut">Recorded episodes that did not earn the full reward when replayed.</param>
/// <param name="MeanReward">Mean final reward of all of them.</param>
public sealed record DemonstrationsMade(IReadOnlyDictionary<string, int> Sources, int LeftOut, double MeanReward) : RunFact;

/// <summary>A stage begins.</summary>
public sealed record StageStarted(Stage Stage) : RunFact;

/// <summary>A stage is done.</summary>
/// <param name="Stage">Which.</param>
/// <param name="Seconds">Wall-clock seconds; not part of the ledger.</param>
public sealed record StageFinished(Stage Stage, double Seconds) : RunFact;

/// <summary>The policy that all candidates and rollouts until the next such fact are sampled from. With it, the run's settings and its seed, each of them can be drawn again.</summary>
/// <param name="PolicySha256">Of its weights as a checkpoint has them, hex; empty for a model behind an endpoint, whose weights nobody here has seen.</param>
public sealed record ExplorationStarted(string PolicySha256) : RunFact;

/// <summary>A walk begins at the start of a training task.</summary>
/// <param name="Task">Index within the run's explored tasks.</param>
/// <param name="TaskId">Stable id given by the environment.</param>
/// <param name="Instruction">What the agent was asked.</param>
/// <param name="Baseline">What the first step is compared with.</param>
public sealed record TaskOpened(int Task, string TaskId, string Instruction, Estimate Baseline) : RunFact;

/// <summary>A candidate was sampled, tried in a fork of the environment and valued.</summary>
/// <param name="Task">Index within the run's explored tasks.</param>
/// <param name="Step">0-based step of the walk.</param>
/// <param name="Attempt">0-based order of sampling at this step.</param>
/// <param name="Action">What the policy wrote.</param>
/// <param name="Observation">What the environment answered.</param>
/// <param name="Value">Its process reward.</param>
/// <param name="SameStateAs">Attempt that reached the same state before, whose estimate it shares; null when new.</param>
/// <param name="Invalid">The environment could not act on it.</param>
/// <param name="Truncated">Cut at the token limit or the end of the context.</param>
/// <param name="Tokens">Length of the action in tokens.</param>
/// <param name="LogProb">Summed log-probability of the action when it was sampled, nats; null where the policy is behind an endpoint that does not say.</param>
/// <param name="Free">Its sampling was already paid for: it is the first action of a rollout that was played for something else.</param>
/// <param name="PreviousOutcomes">With shared rollouts: how many outcomes of the step's <see cref="StepDecided.Previous"/> were known when this one was tested; null for all.</param>
/// <param name="RolloutsSpent">With shared rollouts: rollouts played for this look, its own sampling included; null for as many as <paramref name="Value"/> has if it is new, else none.</param>
public sealed record CandidateScored(
    int Task,
    int Step,
    int Attempt,
    string Action,
    string Observation,
    Estimate Value,
    int? SameStateAs,
    bool Invalid,
    bool Truncated,
    int Tokens,
    double? LogProb,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Free = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? PreviousOutcomes = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? RolloutsSpent = null) : RunFact;

/// <summary>
/// The ledger entry of a step: what was compared, by which rule, with which result. The sentence on the page is made
/// from it by <see cref="LedgerSentence"/> and anyone can recompute it from the export.
/// </summary>
/// <param name="Task">Index within the run's explored tasks.</param>
/// <param name="Step">0-based step of the walk.</param>
/// <param name="Previous">Value of the previous step (the baseline at step 0); with shared rollouts all that is known of it now.</param>
/// <param name="Accepted">Value of the step that was followed; null when the walk stopped.</param>
/// <param name="AcceptedAttempt">Attempt that was followed; null when none was.</param>
/// <param name="Action">Text of the action that was followed; empty when the walk stopped.</param>
/// <param name="Tried">Candidates sampled for the rising test.</param>
/// <param name="Verdict">How it was decided.</param>
/// <param name="Accounts">Account of every attempt, in order; contrasts and siblings that were not considered come last.</param>
/// <param name="GateDraws">Further actions that were drawn to see whether the move is forced, and never valued.</param>
public sealed record StepDecided(
    int Task,
    int Step,
    Estimate Previous,
    Estimate? Accepted,
    int? AcceptedAttempt,
    string Action,
    int Tried,
    StepVerdict Verdict,
    IReadOnlyList<CandidateAccount> Accounts,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int GateDraws = 0) : RunFact;

/// <summary>A walk reached its end.</summary>
/// <param name="Task">Index within the run's explored tasks.</param>
/// <param name="Steps">Steps decided.</param>
/// <param name="Reward">Final reward; 0 when stopped or truncated.</param>
/// <param name="Rollouts">Episodes played to their end for the sake of this walk, those from the start state included.</param>
public sealed record TaskFinished(int Task, int Steps, double Reward, int Rollouts = 0) : RunFact;

/// <summary>A preference pair was made, or taken over from a version of another run's pairs.</summary>
/// <param name="Index">Counts from 0 within the run that made it; a pair that is taken over keeps its number.</param>
/// <param name="Pair">As it is trained on: with its sides exchanged where people flipped it.</param>
/// <param name="Origin">What became of it before this run took it over; null for a pair that this run made itself.</param>
public sealed record PairCreated(
    int Index,
    PreferencePair Pair,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] PairOrigin? Origin = null) : RunFact;

/// <summary>
/// This run explores nothing: it learns from a version of another run's pairs, starting from a checkpoint of that run, or from a file. Comes right after
/// <see cref="RunStarted"/>.
/// </summary>
/// <param name="Run">Id of the other run; empty for a file.</param>
/// <param name="Version">Version of its pairs; 0 is what it trained on itself.</param>
/// <param name="PairsSha256">Of the version's or the file's content, hex.</param>
/// <param name="CheckpointSha256">Of the other run's weights that training starts from, hex; empty where this run does its own fine-tuning first.</param>
/// <param name="Kept">Pairs as they were sampled.</param>
/// <param name="Flipped">Pairs whose sides people exchanged.</param>
/// <param name="Discarded">Pairs that people left out; they are not in this run.</param>
/// <param name="Added">Pairs that people wrote or imported.</param>
/// <param name="Weighted">Pairs among these whose weight is not 1.</param>
public sealed record PairsTaken(
    string Run, int Version, string PairsSha256, string CheckpointSha256, int Kept, int Flipped, int Discarded, int Added, int Weighted) : RunFact;

/// <summary>
/// How far preference training has come with single pairs: implicit reward margin of each, beta × (change of log pi(chosen) minus change
/// of log pi(rejected) against the reference). Measured before the first update, where it is 0 by definition, at
/// <c>Dpo.MarginChecks</c> points spread over the updates, and after the last.
/// </summary>
/// <param name="Update">Updates done so far.</param>
/// <param name="Pairs">Index of each measured pair, as in <see cref="PairCreated"/>; every n-th one where there are more than <see cref="Limit"/>.</param>
/// <param name="Margins">Margin of each, in the same order.</param>
public sealed record PairMargins(int Update, IReadOnlyList<int> Pairs, IReadOnlyList<float> Margins) : RunFact
{
    /// <summary>Most pairs measured: more would make this fact larger than a page can use, and measuring longer than training.</summary>
    public const int Limit = 2000;
}

/// <summary>How often each pair was in a batch of preference training, counted over the updates that the final policy went through.</summary>
/// <param name="Updates">Those updates.</param>
/// <param name="Pairs">Index of each pair that could be trained on, as in <see cref="PairCreated"/>; pairs that are not here were left out.</param>
/// <param name="Times">Batches that held it, in the same order; 0 where the updates did not reach it.</param>
public sealed record PairsDrawn(int Updates, IReadOnlyList<int> Pairs, IReadOnlyList<int> Times) : RunFact;

/// <summary>Rejection-sampling fine-tuning keeps an episode of the policy to train on.</summary>
/// <param name="Task">Index within the run's explored tasks.</param>
/// <param name="Reward">Final reward.</param>
/// <param name="Tokens">The whole episode as it was sampled.</param>
/// <param name="Written">Which of them the policy wrote.</param>
public sealed record TrajectoryKept(int Task, double Reward, IReadOnlyList<int> Tokens, IReadOnlyList<bool> Written) : RunFact;

/// <summary>Preference training is over.</summary>
/// <param name="Result">Means over the last quarter of the updates.</param>
public sealed record PreferencesTrained(DpoSummary Result) : RunFact;

/// <summary>One held-out episode.</summary>
/// <param name="TaskId">Stable id given by the environment.</param>
/// <param name="Reward">Final reward.</param>
/// <param name="Steps">Actions taken.</param>
/// <param name="InvalidActions">Of these, how many the environment could not act on.</param>
/// <param name="ActionTokens">Tokens the policy wrote.</param>
/// <param name="Group">Tasks of one group (one product, one gold query) are not independent; null in facts written before groups were.</param>
/// <param name="Flaws">Why the reward is not the highest, as <see cref="EpisodeFlaws"/> names it; null in facts written before flaws were.</param>
public sealed record EpisodeResult(
    string TaskId,
    double Reward,
    int Steps,
    int InvalidActions,
    int ActionTokens,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Group = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Flaws = null);

/// <summary>One action of an episode with what it was answered.</summary>
/// <param name="Action">What the policy wrote, or its first <see cref="EpisodePlayed.TextLimit"/> characters.</param>
/// <param name="Observation">What the environment answered, cut alike.</param>
/// <param name="Invalid">The environment could not act on it.</param>
/// <param name="ActionLength">Characters of the whole action; null when it was not cut.</param>
/// <param name="ObservationLength">Characters of the whole observation; null when it was not cut.</param>
public sealed record EpisodeTurn(
    string Action,
    string Observation,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Invalid = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? ActionLength = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? ObservationLength = null)
{
    /// <summary>A turn with texts of any length.</summary>
    public static EpisodeTurn Of(string action, string observation, bool invalid)
    {
        ArgumentNullException.ThrowIfNull(action);
        ArgumentNullException.ThrowIfNull(observation);
        return new EpisodeTurn(Cut(action), Cut(observation), invalid, Whole(action), Whole(observation));
    }

    private static int? Whole(string text) => text.Length > EpisodePlayed.TextLimit ? text.Length : null;

    // Not between the two halves of one character.
    private static string Cut(string text) => text.Length <= EpisodePlayed.TextLimit ? text
        : text[..(char.IsHighSurrogate(text[EpisodePlayed.TextLimit - 1]) ? EpisodePlayed.TextLimit - 1 : EpisodePlayed.TextLimit)];
}

/// <summary>What a policy did in one held-out episode. Recorded before the <see cref="EvaluationFinished"/> that sums it up.</summary>
/// <param name="Stage"><see cref="Stage.Baseline"/> or <see cref="Stage.Evaluate"/>.</param>
/// <param name="Decoding">"greedy" or "sampled".</param>
/// <param name="Task">Place among the held-out tasks of the run, from 0.</param>
/// <param name="TaskId">Stable id given by the environment.</param>
/// <param name="Instruction">What the agent was asked.</param>
/// <param name="Turns">Its actions, in order.</param>
/// <param name="Finished">Reached its end; false when the context was full before.</param>
/// <param name="Reward">Final reward.</param>
/// <param name="Parts">How the reward came about, the first <see cref="PartLimit"/> parts; empty when the environment has nothing to say.</param>
public sealed record EpisodePlayed(
    Stage Stage,
    string Decoding,
    int Task,
    string TaskId,
    string Instruction,
    IReadOnlyList<EpisodeTurn> Turns,
    bool Finished,
    double Reward,
    IReadOnlyList<RewardPart> Parts) : RunFact
{
    /// <summary>Characters of one text that are kept: pages fold longer ones too.</summary>
    public const int TextLimit = 2000;

    /// <summary>Parts of a reward that are kept.</summary>
    public const int PartLimit = 40;

    /// <summary>
    /// Characters kept of one evaluation with one way of decoding; episodes beyond it have only their reward. About 2,000 episodes of
    /// the real shop.
    /// </summary>
    public const int CharacterLimit = 4_000_000;

    /// <summary>Characters of its texts.</summary>
    [JsonIgnore]
    public int Characters => Instruction.Length + Turns.Sum(t => t.Action.Length + t.Observation.Length) + Parts.Sum(p => p.What.Length + p.Wanted.Length + p.Found.Length);
}

/// <summary>A held-out evaluation of one model with one way of decoding.</summary>
/// <param name="Stage"><see cref="Stage.Baseline"/> or <see cref="Stage.Evaluate"/>.</param>
/// <param name="Decoding">"greedy" or "sampled".</param>
/// <param name="Mean">Mean final reward.</param>
/// <param name="Low">Lower end of the bootstrap interval.</param>
/// <param name="High">Upper end of the bootstrap interval.</param>
/// <param name="PerfectShare">Share of episodes at the highest reward.</param>
/// <param name="ZeroShare">Share of episodes without any reward.</param>
/// <param name="InvalidRate">Invalid actions per action.</param>
/// <param name="MeanSteps">Actions per episode.</param>
/// <param name="Episodes">One per held-out task, in task order.</param>
public sealed record EvaluationFinished(
    Stage Stage,
    string Decoding,
    double Mean,
    double Low,
    double High,
    double PerfectShare,
    double ZeroShare,
    double InvalidRate,
    double MeanSteps,
    IReadOnlyList<EpisodeResult> Episodes) : RunFact;

/// <summary>A scripted rule played on the held-out tasks: what the policy's numbers are to be read against.</summary>
/// <param name="Name">For example "expert".</param>
/// <param name="Mean">Mean final reward.</param>
/// <param name="Low">Lower end of the bootstrap interval.</param>
/// <param name="High">Upper end of the bootstrap interval.</param>
/// <param name="PerfectShare">Share of episodes at the highest reward.</param>
public sealed record ReferenceEvaluated(string Name, double Mean, double Low, double High, double PerfectShare) : RunFact;

/// <summary>The policy was written to disk.</summary>
/// <param name="Stage">After which stage.</param>
/// <param name="Folder">Name of its folder within the run's folder.</param>
/// <param name="Sha256">Of the weights file, hex.</param>
/// <param name="Bytes">Size of the weights file.</param>
public sealed record CheckpointSaved(Stage Stage, string Folder, string Sha256, long Bytes) : RunFact;

/// <summary>Something a person should look at.</summary>
/// <param name="Severity">"info", "warning" or "error".</param>
/// <param name="Text">One sentence.</param>
public sealed record AlertRaised(string Severity, string Text) : RunFact;

/// <summary>A person noted something; charts mark the moment. May come after the end of the run.</summary>
/// <param name="Text">At most <see cref="MaxLength"/> characters.</param>
public sealed record NoteAdded(string Text) : RunFact
{
    /// <summary>Longest note: it stands beside charts, not instead of a report.</summary>
    public const int MaxLength = 1000;
}

/// <summary>A person asked to sample accepted steps of this run again.</summary>
/// <param name="Round">1, 2, ..: each round chooses other steps and draws other rollouts.</param>
/// <param name="Steps">How many at most.</param>
public sealed record RerollRequested(int Round, int Steps) : RunFact;

/// <summary>An accepted step, valued again.</summary>
/// <param name="Task">Index within the run's explored tasks.</param>
/// <param name="Step">0-based step of the walk.</param>
/// <param name="Previous">New value of the step before it.</param>
/// <param name="Accepted">New value of the step.</param>
/// <param name="Rises">Whether it still rises, by the rule of the plan.</param>
public sealed record RerolledStep(int Task, int Step, Estimate Previous, Estimate Accepted, bool Rises);

/// <summary>How many accepted steps still rise when they are valued again: with other rollouts, by the policy that sampled them.</summary>
/// <param name="Round">Of the request.</param>
/// <param name="Checkpoint">SHA-256 of the weights that were loaded.</param>
/// <param name="Steps">One for each chosen step.</param>
/// <param name="Rollouts">Episodes that it took.</param>
/// <param name="LeftOut">Chosen steps that could not be replayed: the task is gone, or its prefix ends early.</param>
public sealed record RerollFinished(int Round, string Checkpoint, IReadOnlyList<RerolledStep> Steps, int Rollouts, int LeftOut) : RunFact;

/// <summary>A re-roll came to nothing. <paramref name="Reason"/> is one sentence.</summary>
public sealed record RerollFailed(int Round, string Reason) : RunFact;

/// <summary>Last fact of a run's training; notes and re-rolls may follow.</summary>
/// <param name="State"><see cref="RunState.Finished"/>, <see cref="RunState.Failed"/>, <see cref="RunState.Stopped"/> or <see cref="RunState.Interrupted"/>.</param>
/// <param name="Error">What went wrong, or why a run stopped that nobody stopped; null when there is nothing to say.</param>
/// <param name="Summary">Results; null unless finished.</param>
public sealed record RunEnded(RunState State, string? Error, RunSummary? Summary) : RunFact;

/// <summary>
/// A run that had been stopped or interrupted goes on, under its old id and with its numbers continued. What was broken off is done
/// again from its beginning; the facts of the broken attempt are set aside with this fact, so that nothing is counted twice.
/// </summary>
/// <param name="Stage">First stage that is not complete: work goes on in it; null when only the end was missing.</param>
/// <param name="KeptTasks">Finished walks, which are not walked again.</param>
/// <param name="RestartedTasks">Walks that had begun and start again (<see cref="TaskOpened.Task"/>).</param>
/// <param name="BrokenOffSeconds">What that stage had taken when it was broken off: not in the seconds of any stage, but in the total.</param>
public sealed record RunResumed(
    Stage? Stage,
    int KeptTasks,
    IReadOnlyList<int> RestartedTasks,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] double BrokenOffSeconds = 0) : RunFact;

/// <summary>One number of one series. <paramref name="Series"/> is one of <see cref="Metrics.SeriesNames"/>.</summary>
public sealed record MetricPoint(string Series, long Step, double Value) : RunSample;

/// <summary>How far a stage has come. The time that is left is estimated by whoever shows it.</summary>
public sealed record ProgressReported(Stage Stage, long Done, long Total) : RunSample;

/// <summary>What exploration has spent so far.</summary>
public sealed record BudgetReported(Budget Budget) : RunSample;

/// <summary>A line for the log. <paramref name="Level"/> is "info", "warning" or "error".</summary>
public sealed record LogLine(string Level, string Text) : RunSample;
