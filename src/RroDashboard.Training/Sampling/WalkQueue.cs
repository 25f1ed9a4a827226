namespace RroDashboard.Training.Sampling;

/// <summary>
/// Walks as ordinary sequential code on one thread. Every walk runs until it asks for something; when all live walks wait, some or all of them are
/// answered together, and these go on in the order in which their answers come back. So the schedule, and with it the result, is a function of the answers and does not depend
/// on how long one takes.
/// </summary>
/// <typeparam name="TRequest">What a walk asks for.</typeparam>
/// <param name="answer">Gets what was asked since the last time, and gives back what is answered now: at least one of all that was asked and is not answered yet.</param>
/// <param name="complete">Hands one its answer; the walk goes on inside this call.</param>
/// <param name="cancellationToken">Ends <see cref="Run"/> before the next answers.</param>
internal sealed class WalkQueue<TRequest>(Func<TRequest[], IReadOnlyList<TRequest>> answer, Action<TRequest> complete, CancellationToken cancellationToken)
{
    private readonly List<TRequest> _waiting = [];
    private int _unanswered;

    /// <summary>Puts a request in line; only from within a walk.</summary>
    public void Ask(TRequest request) => _waiting.Add(request);

    /// <summary>Runs walks to their end.</summary>
    /// <param name="walks">Each is started, in order, when its turn comes.</param>
    /// <param name="atOnce">Walks that are under way at once.</param>
    public void Run(IEnumerable<Func<Task>> walks, int atOnce)
    {
        ArgumentNullException.ThrowIfNull(walks);
        ArgumentOutOfRangeException.ThrowIfLessThan(atOnce, 1);
        // A walk's continuation has to run inside complete, on this thread: no context may take it elsewhere.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            Advance(new Queue<Func<Task>>(walks), atOnce);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
            _waiting.Clear();
            _unanswered = 0;
        }
    }

    private void Advance(Queue<Func<Task>> notStarted, int atOnce)
    {
        var running = new List<Task>();
        while (true)
        {
            foreach (var ended in running.Where(w => w.IsCompleted))
            {
                ended.GetAwaiter().GetResult();
            }

            running.RemoveAll(w => w.IsCompleted);
            while (running.Count < atOnce && notStarted.TryDequeue(out var start))
            {
                running.Add(start());
            }

            if (_waiting.Count + _unanswered == 0)
            {
                // A walk may end without ever asking; then there is room for the next ones.
                if (running.TrueForAll(w => w.IsCompleted) && (running.Count > 0 || notStarted.Count > 0))
                {
                    continue;
                }

                break;
            }

            cancellationToken.ThrowIfCancellationRequested();
            var batch = _waiting.ToArray();
            _waiting.Clear();
            var answered = answer(batch);
            _unanswered += batch.Length - answered.Count;
            // Continuations run here, inside complete, and ask for their next action.
            foreach (var request in answered)
            {
                complete(request);
            }
        }

        if (running.Count > 0)
        {
            throw new InvalidOperationException("A walk waits for something else than its sampler.");
        }
    }
}
