using RroDashboard.Core.Plans;
using RroDashboard.Environments;

namespace RroDashboard.Web.Hosting;

/// <summary>
/// Environments that people play by hand, loaded once for all of them. A run always loads its own: nothing that a person does here touches it.
/// </summary>
public sealed class EnvironmentShelf : IDisposable
{
    /// <summary>Environments kept loaded; the one not asked for longest makes room. A large catalogue takes hundreds of megabytes.</summary>
    public const int MaxKept = 3;

    private readonly SemaphoreSlim _one = new(1);
    private readonly LinkedList<(string Key, IAgentEnvironment Environment)> _kept = new();

    /// <summary>The environment, loaded now or before.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="folder">Its data folder; empty where it needs none.</param>
    /// <param name="cancellationToken">Ends the waiting, not the loading.</param>
    /// <exception cref="PlanException">Its data are missing or do not fit.</exception>
    public Task<IAgentEnvironment> OpenAsync(EnvironmentKind kind, string folder, CancellationToken cancellationToken)
    {
        var options = Presets.All.Select(p => p.Create().Environment).FirstOrDefault(e => e.Name == kind) ?? new EnvironmentOptions { Name = kind };
        options.DataFolder = folder;
        return OpenAsync(options, cancellationToken);
    }

    /// <summary>The environment of a plan, loaded now or before.</summary>
    /// <param name="wanted">Its options.</param>
    /// <param name="cancellationToken">Ends the waiting, not the loading.</param>
    /// <exception cref="PlanException">Its data are missing or do not fit.</exception>
    public async Task<IAgentEnvironment> OpenAsync(EnvironmentOptions wanted, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        // A copy, because whoever asks may go on to change theirs.
        var options = PlanSettings.FromDictionary("", PlanSettings.ToDictionary(new RunPlan { Environment = wanted })).Environment;
        options.DataFolder = string.IsNullOrWhiteSpace(wanted.DataFolder) ? "" : Path.GetFullPath(wanted.DataFolder.Trim());
        var key = System.Text.Json.JsonSerializer.Serialize(options);
        await _one.WaitAsync(cancellationToken);
        try
        {
            for (var node = _kept.First; node is not null; node = node.Next)
            {
                if (node.Value.Key == key)
                {
                    _kept.Remove(node);
                    _kept.AddFirst(node);
                    return node.Value.Environment;
                }
            }

            var environment = await Task.Run(() => EnvironmentFactory.Create(options), CancellationToken.None);
            _kept.AddFirst((key, environment));
            if (_kept.Count > MaxKept)
            {
                // Not disposed: somebody may be in the middle of an episode. It goes when the last of them does.
                _kept.RemoveLast();
            }

            return environment;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, environment) in _kept)
        {
            environment.Dispose();
        }

        _one.Dispose();
    }
}
