using RroDashboard.Core.Plans;
using RroDashboard.Environments;

namespace RroDashboard.Web.Hosting;

/// <summary>What a run would work on.</summary>
/// <param name="Name">Name of the environment.</param>
/// <param name="Hash">Of all that decides its behaviour.</param>
/// <param name="Train">Training tasks.</param>
/// <param name="Test">Test tasks.</param>
/// <param name="Tasks">The first five training tasks.</param>
public sealed record TaskPreview(string Name, string Hash, int Train, int Test, IReadOnlyList<AgentTask> Tasks);

/// <summary>Loads the environment of a plan to show five of its tasks; one at a time, and nothing of it is kept but those.</summary>
public sealed class TaskPreviews : IDisposable
{
    /// <summary>Tasks shown.</summary>
    public const int Shown = 5;

    private readonly SemaphoreSlim _one = new(1);
    private (string Key, TaskPreview Preview)? _last;

    /// <summary>The first tasks of a plan's environment, with exactly its settings.</summary>
    /// <exception cref="PlanException">Its data are missing or do not fit.</exception>
    public async Task<TaskPreview> ReadAsync(EnvironmentOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var key = string.Join('\n', PlanSettings.All.Where(s => s.Group == nameof(RunPlan.Environment)).Select(s => s.GetText(new RunPlan { Environment = options })));
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_last is { } last && last.Key == key)
            {
                return last.Preview;
            }

            var preview = await Task.Run(() => Load(options), CancellationToken.None);
            _last = (key, preview);
            return preview;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private static TaskPreview Load(EnvironmentOptions options)
    {
        using var environment = EnvironmentFactory.Create(options);
        var train = environment.Tasks(TaskSplit.Train);
        return new TaskPreview(environment.Name, environment.ContentHash, train.Count, environment.Tasks(TaskSplit.Test).Count, [.. train.Take(Shown)]);
    }
}
