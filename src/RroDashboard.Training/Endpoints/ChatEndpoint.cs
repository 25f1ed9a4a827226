using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RroDashboard.Core.Plans;
using RroDashboard.Training.Templates;

namespace RroDashboard.Training.Endpoints;

/// <summary>The endpoint cannot be used, or gave up. One sentence.</summary>
public sealed class EndpointException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Where an OpenAI-compatible server is and how it may be used.</summary>
public sealed record EndpointOptions
{
    /// <summary>Its base, for example http://127.0.0.1:8000/v1.</summary>
    public required Uri Url { get; init; }

    /// <summary>Name of the model there.</summary>
    public required string Model { get; init; }

    /// <summary>Sent as a bearer token; empty for none.</summary>
    public string Key { get; init; } = "";

    /// <summary>Requests under way at once.</summary>
    public int AtOnce { get; init; } = 8;

    /// <summary>Requests begun in any minute at most; 0 for no limit.</summary>
    public int PerMinute { get; init; }

    /// <summary>Tries of one request, the first included.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>First pause before a retry; each further one is twice as long, unless the server says how long.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest pause, whatever the server says.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Longest wait for one answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Longest answer, tokens.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>Price of a million tokens read, in whatever currency.</summary>
    public double InputPrice { get; init; }

    /// <summary>Price of a million tokens written.</summary>
    public double OutputPrice { get; init; }

    /// <summary>Ask for token ids as vLLM offers them; other servers may refuse a wish that they do not know. Ids that come unasked are read in any case.</summary>
    public bool TokenIds { get; init; }

    /// <summary>What a plan says.</summary>
    /// <param name="plan">Checked; its address is not empty.</param>
    /// <param name="key">Empty for none.</param>
    public static EndpointOptions Of(PolicyEndpointOptions plan, string key)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new EndpointOptions
        {
            Url = new Uri(plan.Url),
            Model = plan.Model,
            Key = key,
            AtOnce = plan.AtOnce,
            PerMinute = plan.PerMinute,
            Attempts = plan.Attempts,
            Timeout = TimeSpan.FromSeconds(plan.TimeoutSeconds),
            MaxTokens = plan.MaxTokens,
            InputPrice = plan.InputPrice,
            OutputPrice = plan.OutputPrice,
            TokenIds = plan.TokenIds,
        };
    }
}

/// <summary>What one answer was.</summary>
/// <param name="Text">What the model wrote.</param>
/// <param name="LogProb">Summed log-probability of its tokens, nats; null where the server does not say.</param>
/// <param name="Truncated">It was cut at <see cref="EndpointOptions.MaxTokens"/>.</param>
public sealed record EndpointAnswer(string Text, double? LogProb, bool Truncated)
{
    /// <summary>Tokens that it wrote, by the server's count; 0 where it does not say.</summary>
    public int Written { get; init; }

    /// <summary>Ids of these tokens; null where the server does not offer them.</summary>
    public IReadOnlyList<int>? TokenIds { get; init; }

    /// <summary>Ids of everything before them, as the server's chat template wrote it; null where the server does not offer them.</summary>
    public IReadOnlyList<int>? PromptIds { get; init; }
}

/// <summary>
/// An OpenAI-compatible server (vLLM, llama.cpp server) as a policy that can only be sampled. Retries what may pass, keeps to a rate, counts tokens and
/// what they cost. Safe from several threads.
/// </summary>
public sealed class ChatEndpoint : IDisposable
{
    private const int MaxAnswerBytes = 4 << 20;
    private const int MaxErrorChars = 200;

    private readonly EndpointOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;
    private readonly SemaphoreSlim _room;
    private readonly Queue<long> _begun = new();
    private readonly Lock _lock = new();
    private long _inputTokens, _outputTokens, _requests, _retries;

    /// <summary>Nothing is sent yet.</summary>
    public ChatEndpoint(EndpointOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.AtOnce, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Attempts, 1, nameof(options));
        if (options.Url.Scheme is not ("http" or "https"))
        {
            throw new EndpointException($"The endpoint '{options.Url}' is no http or https address.");
        }

        (_options, _time) = (options, time);
        // Redirects could hand the key to somebody else.
        _client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = System.Threading.Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaxAnswerBytes };
        if (options.Key.Length > 0)
        {
            _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", options.Key);
        }

        _room = new SemaphoreSlim(options.AtOnce);
    }

    /// <summary>Tokens that the server says it read.</summary>
    public long InputTokens => Interlocked.Read(ref _inputTokens);

    /// <summary>Tokens that the server says it wrote.</summary>
    public long OutputTokens => Interlocked.Read(ref _outputTokens);

    /// <summary>Requests sent, retries among them.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Requests that were sent again.</summary>
    public long Retries => Interlocked.Read(ref _retries);

    /// <summary>What the tokens cost by the given prices.</summary>
    public double Cost => ((InputTokens * _options.InputPrice) + (OutputTokens * _options.OutputPrice)) / 1e6;

    /// <summary>Asks for the next message.</summary>
    /// <param name="messages">The conversation so far.</param>
    /// <param name="temperature">0 for greedy.</param>
    /// <param name="seed">For servers that sample reproducibly.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <exception cref="EndpointException">The server refuses, or nothing helped in so many tries.</exception>
    public async Task<EndpointAnswer> AskAsync(IReadOnlyList<ChatMessage> messages, double temperature, long seed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var request = new JsonObject
        {
            ["model"] = _options.Model,
            ["messages"] = new JsonArray([.. messages.Select(m => (JsonNode)new JsonObject { ["role"] = m.Role, ["content"] = m.Content })]),
            ["temperature"] = temperature,
            ["seed"] = seed,
            ["max_tokens"] = _options.MaxTokens,
            ["logprobs"] = true,
        };
        if (_options.TokenIds)
        {
            request["return_token_ids"] = true;
        }

        var body = request.ToJsonString();
        await _room.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var pause = _options.FirstPause;
            for (var attempt = 1; ; attempt++)
            {
                await WaitForTurnAsync(cancellationToken).ConfigureAwait(false);
                var (answer, why, wait) = await TryAsync(body, cancellationToken).ConfigureAwait(false);
                if (answer is not null)
                {
                    return answer;
                }

                if (attempt == _options.Attempts)
                {
                    throw new EndpointException($"The endpoint {_options.Url} gave no answer in {attempt} tries; the last time {why}.");
                }

                Interlocked.Increment(ref _retries);
                var asked = wait ?? pause;
                await Task.Delay(asked < _options.LongestPause ? asked : _options.LongestPause, _time, cancellationToken).ConfigureAwait(false);
                pause *= 2;
            }
        }
        finally
        {
            _room.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _room.Dispose();
    }

    // An answer, or why there is none this time and how long the server asks to wait.
    private async Task<(EndpointAnswer? Answer, string Why, TimeSpan? Wait)> TryAsync(string body, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _requests);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.Timeout);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_options.Url.AbsoluteUri.TrimEnd('/') + "/chat/completions")) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseContentRead, limit.Token).ConfigureAwait(false);
            var text = await response.Content.ReadAsStringAsync(limit.Token).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
            {
                // A proxy's page or half an answer may be followed by a whole one, so what cannot be read is tried again.
                return Read(text) is { } answer ? (answer, "", null) : (null, $"it answered something that is no chat completion: {Start(text)}", null);
            }

            var said = $"it answered {(int)response.StatusCode}: {Start(text)}";
            if (response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError)
            {
                var after = response.Headers.RetryAfter;
                var wait = after?.Delta ?? after?.Date - _time.GetUtcNow();
                return (null, said, wait > TimeSpan.Zero ? wait : null);
            }

            // It would refuse again.
            throw new EndpointException($"The endpoint {_options.Url} refuses: {said}.");
        }
        catch (HttpRequestException e)
        {
            return (null, $"it could not be reached ({e.Message.TrimEnd('.')})", null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, string.Create(CultureInfo.InvariantCulture, $"it did not answer within {_options.Timeout.TotalSeconds:0.#} s"), null);
        }
    }

    private static string Start(string text) => (text.Length > MaxErrorChars ? text[..MaxErrorChars] + "..." : text).ReplaceLineEndings(" ").Trim();

    // Null when it is no completion. Tokens count as soon as the server says that it spent them.
    private EndpointAnswer? Read(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var root = document.RootElement;
            var written = 0L;
            if (root.TryGetProperty("usage", out var usage) && usage.ValueKind == JsonValueKind.Object)
            {
                written = Count(usage, "completion_tokens");
                Interlocked.Add(ref _inputTokens, Count(usage, "prompt_tokens"));
                Interlocked.Add(ref _outputTokens, written);
            }

            var choice = root.GetProperty("choices")[0];
            var message = choice.GetProperty("message").GetProperty("content");
            var logs = choice.TryGetProperty("logprobs", out var said) && said.ValueKind == JsonValueKind.Object && said.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.Array
                ? content : default;
            var logProb = logs.ValueKind == JsonValueKind.Array ? logs.EnumerateArray().Sum(t => t.GetProperty("logprob").GetDouble()) : (double?)null;
            var ids = Ids(choice, "token_ids") ?? IdsOf(logs);
            return new EndpointAnswer(
                message.ValueKind == JsonValueKind.Null ? "" : message.GetString()!,
                logProb is { } sum && double.IsFinite(sum) ? sum : null,
                choice.TryGetProperty("finish_reason", out var reason) && reason.ValueKind == JsonValueKind.String && reason.GetString() == "length")
            {
                Written = (int)Math.Min(int.MaxValue, written > 0 ? written : ids?.Count ?? 0),
                TokenIds = ids,
                PromptIds = Ids(root, "prompt_token_ids") ?? Ids(choice, "prompt_token_ids"),
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException or FormatException)
        {
            return null;
        }

        static long Count(JsonElement usage, string name) => usage.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var count) && count >= 0 ? count : 0;
    }

    private static List<int>? Ids(JsonElement from, string name)
    {
        if (!from.TryGetProperty(name, out var list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
        {
            return null;
        }

        var ids = new List<int>(list.GetArrayLength());
        foreach (var id in list.EnumerateArray())
        {
            if (id.ValueKind != JsonValueKind.Number || !id.TryGetInt32(out var number) || number < 0)
            {
                return null;
            }

            ids.Add(number);
        }

        return ids;
    }

    // llama.cpp says the id of every token beside its log-probability.
    private static List<int>? IdsOf(JsonElement logs)
    {
        if (logs.ValueKind != JsonValueKind.Array || logs.GetArrayLength() == 0)
        {
            return null;
        }

        var ids = new List<int>(logs.GetArrayLength());
        foreach (var token in logs.EnumerateArray())
        {
            if (!token.TryGetProperty("id", out var id) || id.ValueKind != JsonValueKind.Number || !id.TryGetInt32(out var number) || number < 0)
            {
                return null;
            }

            ids.Add(number);
        }

        return ids;
    }

    private async Task WaitForTurnAsync(CancellationToken cancellationToken)
    {
        while (_options.PerMinute > 0)
        {
            TimeSpan wait;
            lock (_lock)
            {
                while (_begun.TryPeek(out var oldest) && _time.GetElapsedTime(oldest) >= TimeSpan.FromMinutes(1))
                {
                    _begun.Dequeue();
                }

                if (_begun.Count < _options.PerMinute)
                {
                    _begun.Enqueue(_time.GetTimestamp());
                    return;
                }

                wait = TimeSpan.FromMinutes(1) - _time.GetElapsedTime(_begun.Peek());
            }

            await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.FromMilliseconds(1), _time, cancellationToken).ConfigureAwait(false);
        }
    }
}
