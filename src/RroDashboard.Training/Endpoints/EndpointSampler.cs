using RroDashboard.Core.Statistics;
using RroDashboard.Training.Sampling;

namespace RroDashboard.Training.Endpoints;

/// <summary>
/// Samples actions from a model behind an endpoint. All requests of the walks that wait are sent together; the walks go on when all are answered, in
/// the order in which they asked, so that the same answers make the same ledger however long each of them took.
/// </summary>
public sealed class EndpointSampler : IActionSampler
{
    private readonly ChatEndpoint _endpoint;
    private readonly EndpointDialogue _dialogue;
    private readonly WalkQueue<Request> _walks;
    private readonly CancellationToken _cancellationToken;

    /// <summary>A sampler.</summary>
    /// <param name="endpoint">Who answers.</param>
    /// <param name="dialogue">How it is asked.</param>
    /// <param name="walksAtOnce">Walks that are under way at once.</param>
    /// <param name="cancellationToken">Ends <see cref="Run"/>.</param>
    public EndpointSampler(ChatEndpoint endpoint, EndpointDialogue dialogue, int walksAtOnce, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(dialogue);
        (_endpoint, _dialogue, MostWalks, _cancellationToken) = (endpoint, dialogue, walksAtOnce, cancellationToken);
        _walks = new WalkQueue<Request>(Answer, request => request.Complete(), cancellationToken);
    }

    /// <summary>Answers so far.</summary>
    public long Answers { get; private set; }

    /// <summary>Of these, those whose log-probability the server said.</summary>
    public long WithLogProb { get; private set; }

    /// <summary>Of these, those whose token ids it said, with those of the prompt.</summary>
    public long WithTokenIds { get; private set; }

    /// <inheritdoc/>
    public long TokensGenerated => _endpoint.OutputTokens;

    /// <inheritdoc/>
    public long TokensForced => 0;

    /// <summary>Tokens that the server says it read. What its prefix cache saved is not known here.</summary>
    public long TokensPrefilled => _endpoint.InputTokens;

    /// <inheritdoc/>
    public long TokensRecomputed => 0;

    /// <summary>No bound: nothing is kept here but words.</summary>
    public int Rows => int.MaxValue;

    /// <inheritdoc/>
    public int MostWalks { get; }

    /// <inheritdoc/>
    public History Append(History history, int[] tokens)
    {
        ArgumentNullException.ThrowIfNull(history);
        return new History(history, tokens);
    }

    /// <inheritdoc/>
    public ValueTask<SampledAction> SampleAsync(History history, double temperature, SeededRandom random, bool last, ActionTrie? allowed = null)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(random);
        if (allowed is not null)
        {
            throw new NotSupportedException("An endpoint is not masked.");
        }

        // 31 bits: what every server takes for a seed.
        var request = new Request(history, temperature, (long)(random.NextBits() >> 33));
        _walks.Ask(request);
        return new ValueTask<SampledAction>(request.Task);
    }

    /// <inheritdoc/>
    public void Release(History history)
    {
    }

    /// <inheritdoc/>
    public void Forget()
    {
    }

    /// <inheritdoc/>
    /// <exception cref="EndpointException">The endpoint cannot be used, or gave up.</exception>
    public void Run(IEnumerable<Func<Task>> walks, int? atOnce = null) => _walks.Run(walks, atOnce ?? MostWalks);

    private Request[] Answer(Request[] requests)
    {
        // One that fails ends the others: nothing is paid for any more.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_cancellationToken);
        var answers = Task.WhenAll(requests.Select(AskAsync)).GetAwaiter().GetResult();
        foreach (var (request, answer) in requests.Zip(answers))
        {
            Answers++;
            WithLogProb += answer.LogProb is null ? 0 : 1;
            WithTokenIds += answer is { TokenIds: not null, PromptIds: not null } ? 1 : 0;
            var id = _dialogue.Said(request.History, answer);
            request.Answered(new SampledAction(new History(request.History, [id]), [id], answer.LogProb ?? double.NaN, answer.Truncated));
        }

        return requests;

        async Task<EndpointAnswer> AskAsync(Request request)
        {
            try
            {
                return await _endpoint.AskAsync(_dialogue.Messages(request.History), request.Temperature, request.Seed, stop.Token).ConfigureAwait(false);
            }
            catch (EndpointException)
            {
                await stop.CancelAsync().ConfigureAwait(false);
                throw;
            }
        }
    }

    private sealed class Request(History history, double temperature, long seed)
    {
        // Continuations run inside SetResult, on the thread of the walks.
        private readonly TaskCompletionSource<SampledAction> _source = new();
        private SampledAction? _answer;

        public History History => history;

        public double Temperature => temperature;

        public long Seed => seed;

        public Task<SampledAction> Task => _source.Task;

        public void Answered(SampledAction answer) => _answer = answer;

        public void Complete() => _source.SetResult(_answer!);
    }
}
