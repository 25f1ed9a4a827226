using Microsoft.AspNetCore.SignalR;
using RroDashboard.Data;
using RroDashboard.Web.Hubs;
using RroDashboard.Web.Observability;

namespace RroDashboard.Web.Sharing;

/// <summary>
/// Lets open shared pages follow: when a run has said something, the page is rendered anew, once for all who have it open and once a second at most, and
/// the parts that changed are sent. No event ever leaves by this way, only what the link shows. Links that no longer work are closed here, too.
/// </summary>
public sealed class ShareFeed(IHubContext<ShareHub> hub, SharedPages pages, ShareLinks links, TimeProvider time, ILogger<ShareFeed> logger) : BackgroundService, ICommittedEvents, IBoundedBuffers
{
    /// <summary>Time between two looks at what changed.</summary>
    public static TimeSpan Every { get; } = TimeSpan.FromSeconds(1);

    /// <summary>Time between two looks at which links still work: a revoked one is closed in less than five seconds.</summary>
    public static TimeSpan CheckEvery { get; } = TimeSpan.FromSeconds(2);

    /// <summary>Longest time that one viewer may take for one message before the connection is given up.</summary>
    public static TimeSpan SendTime { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest time that a viewer of a revoked link may take to hear of it before the connection is cut all the same.</summary>
    public static TimeSpan CloseTime { get; } = TimeSpan.FromSeconds(2);

    /// <summary>Viewers of one link at a time.</summary>
    public const int MaxViewersOfLink = 200;

    /// <summary>Viewers of all links at a time.</summary>
    public const int MaxViewers = 1000;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, Watched> _watched = [];
    private readonly Dictionary<string, Viewer> _viewers = new(StringComparer.Ordinal);
    private long _refused;

    /// <summary>A link that someone has open.</summary>
    private sealed class Watched(int id, ShareTarget target, bool frozen)
    {
        public int Id => id;

        public ShareTarget Target => target;

        public bool Frozen => frozen;

        public List<Viewer> Viewers { get; } = [];

        public Dictionary<string, (string Html, long Version)> Sections { get; } = new(StringComparer.Ordinal);

        public IReadOnlyList<string> RunIds { get; set; } = target.RunId is { } run ? [run] : [];

        public long Version { get; set; }

        public bool Stale { get; set; } = true;
    }

    /// <summary>Someone who has it open. One message at a time is on its way; who is slow gets the newest next, and nothing piles up.</summary>
    private sealed class Viewer(HubCallerContext connection, Watched link)
    {
        public HubCallerContext Connection => connection;

        public Watched Link => link;

        public long Version { get; set; }

        public Task Sending { get; set; } = Task.CompletedTask;
    }

    /// <summary>Connections that follow a link now.</summary>
    public int ViewerCount
    {
        get
        {
            lock (_lock)
            {
                return _viewers.Count;
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<BufferState>> BuffersAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return new(
            [
                new("share_viewers", "Shared pages that follow their run", MaxViewers, "who comes last is told, and the page stands still", _viewers.Count, _refused),
                new("share_viewers_of_link", "The same for one link (the one with most)", MaxViewersOfLink, "who comes last is told, and the page stands still", _watched.Count == 0 ? 0 : _watched.Values.Max(w => w.Viewers.Count), null),
                new("share_messages", "Messages on their way to shared pages, one for each", MaxViewers, "a slow page gets the newest next, and is given up after ten seconds", _viewers.Values.Count(v => !v.Sending.IsCompleted), null),
            ]);
        }
    }

    /// <summary>Adds a viewer to a link that works.</summary>
    /// <returns>Why not, in a word for the page's script: "full" when as many follow as may, "following" when the connection does already; null when it follows now.</returns>
    public string? Add(HubCallerContext connection, ShareLinkInfo link)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(link);
        lock (_lock)
        {
            if (_viewers.ContainsKey(connection.ConnectionId))
            {
                return "following";
            }

            if (_viewers.Count >= MaxViewers || (_watched.TryGetValue(link.Id, out var known) && known.Viewers.Count >= MaxViewersOfLink))
            {
                _refused++;
                return "full";
            }

            if (!_watched.TryGetValue(link.Id, out var watched))
            {
                _watched[link.Id] = watched = new Watched(link.Id, new ShareTarget(link.Scope, link.RunId, link.ReportId, link.Target, link.Redacted), link.Frozen);
            }

            var viewer = new Viewer(connection, watched);
            watched.Viewers.Add(viewer);
            _viewers[connection.ConnectionId] = viewer;
            return null;
        }
    }

    /// <summary>Forgets a viewer.</summary>
    public void Remove(string connectionId)
    {
        lock (_lock)
        {
            if (_viewers.Remove(connectionId, out var viewer))
            {
                viewer.Link.Viewers.Remove(viewer);
                if (viewer.Link.Viewers.Count == 0)
                {
                    _watched.Remove(viewer.Link.Id);
                }
            }
        }
    }

    /// <summary>A report has another text, or is gone: what is open of it is rendered anew.</summary>
    public void ReportChanged(string reportId)
    {
        lock (_lock)
        {
            foreach (var watched in _watched.Values.Where(w => !w.Frozen && w.Target.ReportId == reportId))
            {
                watched.Stale = true;
            }
        }
    }

    /// <inheritdoc/>
    public void OnCommitted(IReadOnlyList<CommittedEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        lock (_lock)
        {
            foreach (var watched in _watched.Values)
            {
                watched.Stale |= !watched.Frozen && events.Any(e => watched.RunIds.Contains(e.RunId));
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>Pages are closed by a loop of their own: a long report must not keep a revoked link open.</remarks>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        EachAsync(CheckEvery, CloseAsync, "Links that work no longer could not be looked up", stoppingToken),
        EachAsync(Every, FollowAsync, "Shared pages could not be brought up to date", stoppingToken));

    private async Task EachAsync(TimeSpan period, Func<CancellationToken, Task> work, string failure, CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await work(stoppingToken);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // The next look tries again.
                    logger.LogError(e, "{Failure}", failure);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private async Task FollowAsync(CancellationToken stoppingToken)
    {
        foreach (var watched in StaleLinks())
        {
            await TryRenderAsync(watched, stoppingToken);
            Send(stoppingToken);
        }

        Send(stoppingToken);
    }

    private List<Watched> StaleLinks()
    {
        lock (_lock)
        {
            var stale = _watched.Values.Where(w => w.Stale && !w.Frozen).ToList();
            // Before it is read: what comes meanwhile is read again.
            stale.ForEach(w => w.Stale = false);
            return stale;
        }
    }

    // One page that cannot be rendered neither holds up the others nor is forgotten: it stays stale.
    private async Task TryRenderAsync(Watched watched, CancellationToken cancellationToken)
    {
        try
        {
            await RenderAsync(watched, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            lock (_lock)
            {
                watched.Stale = true;
            }

            logger.LogError(e, "The shared page of link {Link} could not be brought up to date", watched.Id);
        }
    }

    private async Task RenderAsync(Watched watched, CancellationToken cancellationToken)
    {
        if (await pages.RenderAsync(watched.Target, cancellationToken) is not { } page)
        {
            return;
        }

        lock (_lock)
        {
            watched.RunIds = page.RunIds;
            foreach (var section in page.Sections)
            {
                if (!watched.Sections.TryGetValue(section.Id, out var before) || before.Html != section.Html)
                {
                    watched.Sections[section.Id] = (section.Html, watched.Version + 1);
                }
            }

            if (watched.Sections.Values.Any(s => s.Version > watched.Version))
            {
                watched.Version++;
            }
        }
    }

    private void Send(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            foreach (var viewer in _viewers.Values.Where(v => v.Version < v.Link.Version && v.Sending.IsCompleted))
            {
                SharedSection[] changed = [.. viewer.Link.Sections.Where(s => s.Value.Version > viewer.Version).Select(s => new SharedSection(s.Key, s.Value.Html))];
                viewer.Version = viewer.Link.Version;
                viewer.Sending = SendAsync(viewer, changed, cancellationToken);
            }
        }
    }

    private async Task SendAsync(Viewer viewer, SharedSection[] changed, CancellationToken cancellationToken)
    {
        // Not under the lock of whoever calls.
        await Task.Yield();
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(SendTime);
            await hub.Clients.Client(viewer.Connection.ConnectionId).SendAsync("sections", changed, patience.Token);
        }
        catch (Exception e)
        {
            // Whoever does not read for so long is let go; the page connects again by itself.
            logger.LogDebug(e, "A viewer of link {Link} was let go", viewer.Link.Id);
            viewer.Connection.Abort();
        }
    }

    private async Task CloseAsync(CancellationToken cancellationToken)
    {
        List<Watched> open;
        lock (_lock)
        {
            open = [.. _watched.Values];
        }

        if (open.Count == 0)
        {
            return;
        }

        var working = await links.WorkingAsync([.. open.Select(w => w.Id)], cancellationToken);
        foreach (var dead in open.Where(w => !working.Contains(w.Id)))
        {
            List<Viewer> viewers;
            lock (_lock)
            {
                viewers = [.. dead.Viewers];
            }

            foreach (var viewer in viewers)
            {
                _ = CloseAsync(viewer, cancellationToken);
            }
        }
    }

    private async Task CloseAsync(Viewer viewer, CancellationToken cancellationToken)
    {
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(CloseTime);
            await hub.Clients.Client(viewer.Connection.ConnectionId).SendAsync("closed", patience.Token);
        }
        catch (Exception e)
        {
            logger.LogDebug(e, "A viewer of link {Link} could not be told that it is closed", viewer.Link.Id);
        }

        Remove(viewer.Connection.ConnectionId);
        viewer.Connection.Abort();
    }
}
