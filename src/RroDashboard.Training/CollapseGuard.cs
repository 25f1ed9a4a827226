using RroDashboard.Core.Events;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training;

/// <summary>The collapse guard stopped a run until a person lets it go on. The message says what it saw.</summary>
public sealed class RunPausedException(string message) : Exception(message);

/// <summary>What a probe of the policy found: episodes at T=1 on tuning tasks, the same tasks and random streams every time.</summary>
/// <param name="Update">Updates done so far.</param>
/// <param name="Reward">Mean final reward.</param>
/// <param name="InvalidRate">Invalid actions per action.</param>
/// <param name="ActionTokens">Tokens the policy wrote, per episode.</param>
/// <param name="Kl">Kullback-Leibler divergence of the policy from the reference, nats per written token: exact at each position of the policy's own samples, over the whole vocabulary, so it is never negative and holds under an action mask.</param>
/// <param name="Entropy">Entropy of the policy, nats per written token.</param>
/// <param name="RewardError">Standard error of <paramref name="Reward"/>.</param>
public sealed record PolicyProbe(int Update, double Reward, double InvalidRate, double ActionTokens, double Kl, double Entropy, double RewardError = 0);

/// <summary>
/// Watches preference training for collapse, in which the training curves look better than ever while the policy falls apart
/// (learning.md 10): probability that is taken from rejected actions goes to garbage. Its signatures, each against the policy as it was
/// before the first update: invalid actions, longer actions, distance from the reference, rising entropy, rejected and chosen
/// log-probabilities falling together, and the reward itself. One signature is a warning; two are a collapse.
/// </summary>
/// <remarks>
/// Thresholds lie between what learning.md measured on healthy runs and on collapsed ones, on the generated shop: invalid actions .12-.21
/// against .42-.47, action tokens 1.1 against 1.9-2.1 times those of SFT, KL .18 against 1.0-1.4, entropy below SFT's against .34 above
/// it, rejected log-probability -2.8 against -6.7 and lower. The probes read the tuning split, never the test split.
/// </remarks>
public sealed class CollapseGuard : IDisposable
{
    /// <summary>Signatures that make a collapse: one alone may be noise of a small probe.</summary>
    public const int SignaturesOfCollapse = 2;

    private const double InvalidLimit = 0.25;
    private const double InvalidRise = 0.10;
    private const double LongerFactor = 1.4;
    private const double KlLimit = 0.5;
    private const double EntropyRise = 0.1;
    private const double RejectedLimit = -5;
    private const double ChosenLimit = -1;
    private const double RewardFall = 0.1;
    private const double ClearErrors = 2;
    private const int ShiftWindow = 4;

    private readonly RunContext _context;
    private readonly GuardOptions _options;
    private readonly LanguageModel? _reference;
    private readonly Queue<(double Chosen, double Rejected)> _shifts = new();
    private readonly HashSet<string> _told = [];
    private readonly PolicyProbe? _start;
    private readonly bool _wasPaused;
    private Tensor[] _good = [];
    private int _goodUpdate;
    private bool _collapsed;

    private CollapseGuard(RunContext context, bool wasPaused)
    {
        (_context, _options, _wasPaused) = (context, context.Plan.Guard, wasPaused);
        if (_options.Every == 0)
        {
            return;
        }

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        _reference = context.Model.Copy();

        _start = Measure(0);
        Keep(0);
    }

    /// <summary>Begins to watch: the policy now is what later ones are compared with. With <c>Guard.Every</c> = 0 nothing is watched.</summary>
    /// <param name="context">The run.</param>
    /// <param name="wasPaused">It was paused for a collapse before, and a person let it go on.</param>
    public static CollapseGuard Watch(RunContext context, bool wasPaused = false)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new CollapseGuard(context, wasPaused);
    }

    /// <summary>After how many updates the policy is that it was rolled back to; null when it was not.</summary>
    public int? KeptUpdate { get; private set; }

    /// <summary>Looks at the policy where the plan says so.</summary>
    /// <param name="update">Updates done so far.</param>
    /// <param name="chosenShift">Mean change of the log-probability of chosen sides in the last batch, nats.</param>
    /// <param name="rejectedShift">The same of rejected sides.</param>
    /// <returns>False when training is to end here: the policy collapsed and the plan does not say only to warn.</returns>
    /// <exception cref="RunPausedException">The policy collapsed, and the plan says that a person is to look at it.</exception>
    public bool After(int update, double chosenShift, double rejectedShift)
    {
        _shifts.Enqueue((chosenShift, rejectedShift));
        if (_shifts.Count > ShiftWindow)
        {
            _shifts.Dequeue();
        }

        if (_options.Every == 0 || _collapsed || (update % _options.Every != 0 && update != _context.Plan.Dpo.Updates))
        {
            return true;
        }

        var probe = Measure(update);
        var signatures = Signatures(_start!, probe, _shifts.Average(s => s.Chosen), _shifts.Average(s => s.Rejected));
        if (signatures.Count == 0)
        {
            Keep(update);
            return true;
        }

        if (signatures.Count < SignaturesOfCollapse)
        {
            if (_told.Add(signatures[0].Name))
            {
                Alert("warning", $"After {update} DPO updates one sign of collapse: {signatures[0].Text}.");
            }

            return true;
        }

        _collapsed = true;
        var what = string.Join("; ", signatures.Select(s => s.Text));
        switch (_options.OnCollapse)
        {
            case OnCollapse.RollBack:
                Restore();
                KeptUpdate = _goodUpdate;
                Alert("error", $"The policy collapsed within {update} DPO updates: {what}. It was rolled back to what it was after {_goodUpdate} updates, and DPO ended there. Lower Dpo.LearningRate or Dpo.Updates.");
                return false;
            case OnCollapse.Pause when !_wasPaused:
                var paused = FormattableString.Invariant($"The policy collapses, seen after {update} DPO updates: {what}. The run waits: go on with it to train past the collapse, or start one with a lower Dpo.LearningRate or fewer Dpo.Updates.");
                Alert("error", $"{paused}");
                throw new RunPausedException(paused);
            case OnCollapse.StopEarly:
                Alert("error", $"The policy collapses, seen after {update} DPO updates: {what}. DPO ended here. Lower Dpo.LearningRate or Dpo.Updates.");
                return false;
            default:
                Alert("error", $"The policy collapses, seen after {update} DPO updates: {what}. It goes on, because {(_options.OnCollapse == OnCollapse.Pause ? "a person let it, after it was paused" : "Guard.OnCollapse is Warn")}. Lower Dpo.LearningRate or Dpo.Updates.");
                return true;
        }
    }

    /// <summary>The signatures of collapse that a probe shows, each with its numbers in words.</summary>
    /// <param name="start">The policy before the first update.</param>
    /// <param name="now">The policy now.</param>
    /// <param name="chosenShift">Mean change of the log-probability of chosen sides over the last updates, nats.</param>
    /// <param name="rejectedShift">The same of rejected sides.</param>
    public static IReadOnlyList<(string Name, string Text)> Signatures(PolicyProbe start, PolicyProbe now, double chosenShift, double rejectedShift)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(now);
        var found = new List<(string, string)>();
        Add("invalid", now.InvalidRate > InvalidLimit && now.InvalidRate > start.InvalidRate + InvalidRise, $"invalid actions {start.InvalidRate:0.00} -> {now.InvalidRate:0.00}");
        Add("length", now.ActionTokens > LongerFactor * start.ActionTokens, $"action tokens per episode {start.ActionTokens:0.0} -> {now.ActionTokens:0.0}");
        Add("kl", now.Kl > KlLimit, $"KL to the SFT model {now.Kl:0.00} nats per token");
        Add("entropy", now.Entropy > start.Entropy + EntropyRise, $"entropy per token {start.Entropy:0.00} -> {now.Entropy:0.00}");
        Add("logp", rejectedShift < RejectedLimit && chosenShift < ChosenLimit, $"log-probability of rejected and chosen fell by {-rejectedShift:0.0} and {-chosenShift:0.0} nats");
        // A small probe is noisy: the fall has to be clear as well as large.
        var clear = ClearErrors * Math.Sqrt((start.RewardError * start.RewardError) + (now.RewardError * now.RewardError));
        Add("reward", now.Reward < start.Reward - Math.Max(RewardFall, clear), $"reward on tuning tasks {start.Reward:0.00} -> {now.Reward:0.00}");
        return found;

        void Add(string name, bool shows, FormattableString text)
        {
            if (shows)
            {
                found.Add((name, FormattableString.Invariant(text)));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reference?.Dispose();
        foreach (var tensor in _good)
        {
            tensor.Dispose();
        }
    }

    private PolicyProbe Measure(int update)
    {
        _context.Sampler.Forget();
        var tasks = _context.Environment.Tasks(TaskSplit.Tuning).Take(_options.Tasks).ToArray();
        var episodes = new PlayedEpisode[tasks.Length];
        _context.Sampler.Run(tasks.Select((task, i) => (Func<Task>)(async () =>
            episodes[i] = await PlayedEpisode.PlayAsync(_context, task, _context.Random(Purpose.Guard, i)).ConfigureAwait(false))));
        _context.Sampler.Forget();
        var (kl, entropy) = Distance(episodes);
        var actions = episodes.Sum(e => e.Turns.Count);
        var probe = new PolicyProbe(
            update,
            episodes.Average(e => e.Reward),
            actions == 0 ? 0 : (double)episodes.Sum(e => e.InvalidActions) / actions,
            episodes.Average(e => (double)e.WrittenCount),
            kl,
            entropy,
            StandardError([.. episodes.Select(e => e.Reward)]));
        _context.Journal.Sample(new MetricPoint(SeriesNames.GuardReward, update, probe.Reward));
        _context.Journal.Sample(new MetricPoint(SeriesNames.GuardInvalidRate, update, probe.InvalidRate));
        _context.Journal.Sample(new MetricPoint(SeriesNames.GuardActionTokens, update, probe.ActionTokens));
        _context.Journal.Sample(new MetricPoint(SeriesNames.GuardKl, update, probe.Kl));
        _context.Journal.Sample(new MetricPoint(SeriesNames.GuardEntropy, update, probe.Entropy));
        return probe;
    }

    private static double StandardError(double[] values)
    {
        var mean = values.Average();
        return values.Length < 2 ? 0 : Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1) / values.Length);
    }

    // Per written token: mean of sum p (ln p - ln p_ref), and mean of -sum p ln p. Not log pi - log pi_ref of the sampled token: a mask
    // decides what is sampled, and under it that mean is no divergence and may be negative.
    private (double Kl, double Entropy) Distance(PlayedEpisode[] episodes)
    {
        using var noGrad = no_grad();
        var (kl, entropy, count) = (0.0, 0.0, 0L);
        var written = episodes.Where(e => e.WrittenCount > 0).ToArray();
        foreach (var part in Batches.Parts([.. Enumerable.Range(0, written.Length)], i => written[i].Length, _context.Model))
        {
            using var scope = NewDisposeScope();
            var rows = part.Select(i => written[i]).ToArray();
            var length = rows.Max(r => r.Length) - 1;
            var inputs = new long[rows.Length * length];
            var positions = new List<long>();
            for (var r = 0; r < rows.Length; r++)
            {
                var (tokens, mask) = rows[r].Sequence();
                for (var t = 0; t < tokens.Length - 1; t++)
                {
                    inputs[(r * length) + t] = tokens[t];
                    if (mask[t + 1])
                    {
                        positions.Add((r * length) + t);
                    }
                }
            }

            var device = _context.Model.Device;
            var (ids, at) = (tensor(inputs, [rows.Length, length], device: device), tensor(positions.ToArray(), device: device));
            var policy = LogSoftmax(_context.Model, ids, at);                                              // (N, V)
            var reference = LogSoftmax(_reference!, ids, at);
            kl += (policy.exp() * (policy - reference)).sum().ToDouble();
            entropy -= (policy.exp() * policy).sum().ToDouble();
            count += positions.Count;
        }

        return count == 0 ? (0, 0) : (kl / count, entropy / count);
    }

    private static Tensor LogSoftmax(LanguageModel model, Tensor ids, Tensor positions) =>
        model.Logits(model.forward(ids).view(-1, model.Width).index_select(0, positions)).log_softmax(-1);

    private void Keep(int update)
    {
        if (_options.OnCollapse != OnCollapse.RollBack)
        {
            return;
        }

        using var noGrad = no_grad();
        foreach (var tensor in _good)
        {
            tensor.Dispose();
        }

        _good = [.. _context.Model.Trainable.Select(p => p.detach().clone().DetachFromDisposeScope())];
        _goodUpdate = update;
    }

    private void Restore()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (parameter, kept) in _context.Model.Trainable.Zip(_good))
        {
            parameter.copy_(kept);
        }

        _context.Sampler.Forget();
    }

    private void Alert(string severity, FormattableString text) => _context.Journal.Record(new AlertRaised(severity, FormattableString.Invariant(text)));
}
