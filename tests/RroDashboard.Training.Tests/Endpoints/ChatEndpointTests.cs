using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using RroDashboard.Core.Plans;
using RroDashboard.Environments;
using RroDashboard.Training.Endpoints;
using RroDashboard.Training.Templates;

namespace RroDashboard.Training.Tests.Endpoints;

/// <summary>Against a real small HTTP server on this machine.</summary>
public sealed class ChatEndpointTests : IDisposable
{
    private static readonly ChatMessage[] s_hello = [new("user", "hello")];

    private readonly HttpListener _server = new();
    private readonly Uri _url;
    private readonly ConcurrentQueue<(string Body, string? Key)> _asked = new();
    private Func<int, HttpListenerResponse, string, (int Status, string Text)> _answer = (_, _, _) => (200, Completion("hi", 3, 1));

    public ChatEndpointTests()
    {
        _url = _server.StartOnAFreePort();
        _ = Task.Run(ServeAsync);
    }

    public void Dispose() => _server.Close();

    [Fact]
    public async Task AskAsync_Answer_HasTextLogProbUsageAndCost()
    {
        using var endpoint = Open(o => o with { Key = "secret", InputPrice = 2, OutputPrice = 10 });
        var answer = await endpoint.AskAsync(s_hello, 0.5, 7, CancellationToken.None);
        Assert.Equal(("hi", -0.75, false), (answer.Text, answer.LogProb, answer.Truncated));
        Assert.Equal((3L, 1L, 1L, 0L), (endpoint.InputTokens, endpoint.OutputTokens, endpoint.Requests, endpoint.Retries));
        Assert.Equal((3 * 2 + 1 * 10) / 1e6, endpoint.Cost, 12);
        Assert.True(_asked.TryDequeue(out var asked));
        Assert.Equal("Bearer secret", asked.Key);
        using var body = JsonDocument.Parse(asked.Body);
        Assert.Equal("hello", body.RootElement.GetProperty("messages")[0].GetProperty("content").GetString());
        Assert.Equal(("tiny", 0.5, 7), (body.RootElement.GetProperty("model").GetString(), body.RootElement.GetProperty("temperature").GetDouble(), body.RootElement.GetProperty("seed").GetInt32()));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task AskAsync_ServerBusy_TriesAgain(int status)
    {
        _answer = (n, _, _) => n < 3 ? (status, "busy") : (200, Completion("hi", 1, 1));
        using var endpoint = Open();
        Assert.Equal("hi", (await endpoint.AskAsync(s_hello, 0, 1, CancellationToken.None)).Text);
        Assert.Equal((3L, 2L), (endpoint.Requests, endpoint.Retries));
    }

    [Fact]
    public async Task AskAsync_RetryAfter_WaitsAsLong()
    {
        _answer = (n, response, _) =>
        {
            response.Headers["Retry-After"] = "1";
            return n == 1 ? (429, "busy") : (200, Completion("hi", 1, 1));
        };
        using var endpoint = Open();
        var clock = Stopwatch.StartNew();
        await endpoint.AskAsync(s_hello, 0, 1, CancellationToken.None);
        Assert.True(clock.Elapsed >= TimeSpan.FromSeconds(0.95), $"Only {clock.Elapsed}.");
    }

    [Fact]
    public async Task AskAsync_NothingHelps_SaysHowOftenAndWhy()
    {
        _answer = (_, _, _) => (500, "out of\nmemory");
        using var endpoint = Open();
        var refusal = await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync(s_hello, 0, 1, CancellationToken.None));
        Assert.Equal($"The endpoint {_url} gave no answer in 4 tries; the last time it answered 500: out of memory.", refusal.Message);
    }

    [Theory]
    [InlineData(401, "refuses: it answered 401: no key")]
    [InlineData(404, "refuses: it answered 404: no key")]
    [InlineData(302, "refuses: it answered 302")]
    public async Task AskAsync_Refusal_IsNotRepeated(int status, string sentence)
    {
        _answer = (_, _, _) => (status, "no key");
        using var endpoint = Open();
        Assert.Contains(sentence, (await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync(s_hello, 0, 1, CancellationToken.None))).Message, StringComparison.Ordinal);
        Assert.Equal(1, endpoint.Requests);
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("{}")]
    [InlineData("""{"choices": []}""")]
    [InlineData("""{"choices": [{"message": {"content": 5}}]}""")]
    public async Task AskAsync_NoCompletion_SaysSo(string text)
    {
        _answer = (_, _, _) => (200, text);
        using var endpoint = Open();
        Assert.Contains("is no chat completion", (await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync(s_hello, 0, 1, CancellationToken.None))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AskAsync_NobodyThere_SaysSo()
    {
        _server.Stop();
        using var endpoint = Open(o => o with { Attempts = 2 });
        Assert.Contains("could not be reached", (await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync(s_hello, 0, 1, CancellationToken.None))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AskAsync_SlowServer_IsGivenUp()
    {
        _answer = (_, _, _) =>
        {
            Thread.Sleep(1500);
            return (200, Completion("late", 1, 1));
        };
        using var endpoint = Open(o => o with { Attempts = 1, Timeout = TimeSpan.FromMilliseconds(200) });
        Assert.Contains("did not answer within 0.2 s", (await Assert.ThrowsAsync<EndpointException>(() => endpoint.AskAsync(s_hello, 0, 1, CancellationToken.None))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AskAsync_RateLimit_HoldsBack()
    {
        using var endpoint = Open(o => o with { PerMinute = 2 });
        await endpoint.AskAsync(s_hello, 0, 1, CancellationToken.None);
        await endpoint.AskAsync(s_hello, 0, 1, CancellationToken.None);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => endpoint.AskAsync(s_hello, 0, 1, patience.Token));
        Assert.Equal(2, endpoint.Requests);
    }

    [Fact]
    public async Task RunAsync_ServerThatSearchesAndBuys_IsValuedWithItsCost()
    {
        var plan = Presets.Create("smoke");
        plan.Evaluate.Tasks = 5;
        using var shop = EnvironmentFactory.Create(plan.Environment);
        // It searches for the first words of the task, then takes what comes first, then buys.
        _answer = (_, _, body) =>
        {
            using var asked = JsonDocument.Parse(body);
            var messages = asked.RootElement.GetProperty("messages");
            var turn = messages.GetArrayLength();
            var action = turn == 1 ? "search[ sofa ]" : turn == 3 ? "click[ b1 ]" : "click[ buy ]";
            return (200, Completion($"Thought: turn {turn}\nAction: {action}", 100, 10));
        };
        using var endpoint = Open(o => o with { InputPrice = 1, OutputPrice = 1 });
        var result = await EndpointEvaluation.RunAsync(plan, shop, endpoint, 0, null, CancellationToken.None);
        Assert.Equal(5, result.Episodes.Count);
        Assert.All(result.Episodes, e => Assert.True(e.Steps >= 2));
        Assert.Equal(result.Episodes.Sum(e => e.Steps), result.Requests);
        Assert.Equal(110 * result.Requests / 1e6, result.Cost, 9);
        Assert.InRange(result.Mean, result.Low, result.High);
        Assert.Contains(_asked, a => a.Body.Contains("An action is written search[ ... ] or click[ ... ].", StringComparison.Ordinal));
    }

    private ChatEndpoint Open(Func<EndpointOptions, EndpointOptions>? change = null)
    {
        var options = new EndpointOptions { Url = _url, Model = "tiny", Attempts = 4, FirstPause = TimeSpan.FromMilliseconds(5) };
        return new ChatEndpoint(change?.Invoke(options) ?? options, TimeProvider.System);
    }

    private static string Completion(string text, int read, int written) => JsonSerializer.Serialize(new
    {
        choices = new[] { new { message = new { role = "assistant", content = text }, finish_reason = "stop", logprobs = new { content = new[] { new { token = "h", logprob = -0.5 }, new { token = "i", logprob = -0.25 } } } } },
        usage = new { prompt_tokens = read, completion_tokens = written },
    });

    private async Task ServeAsync()
    {
        var count = 0;
        while (_server.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _server.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
            var body = await reader.ReadToEndAsync();
            _asked.Enqueue((body, context.Request.Headers["Authorization"]));
            var (status, text) = _answer(++count, context.Response, body);
            try
            {
                context.Response.StatusCode = status;
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(text));
                context.Response.Close();
            }
            catch (HttpListenerException)
            {
                // Whoever asked has gone.
            }
        }
    }
}
