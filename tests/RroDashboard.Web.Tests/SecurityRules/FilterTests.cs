using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Data;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.SecurityRules;

/// <summary>The filter of the list of runs is an allow-list: it reaches nothing that it does not name, whoever asks for it and however.</summary>
public sealed class FilterTests
{
    private const int Tries = 3000;

    [Fact]
    public async Task Fields_OfEveryTable_AreRefusedUnlessListed()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        await server.EnqueueAsync();
        using var client = await server.SignInAsync();
        await using var context = await server.Get<IDbContextFactory<RroDbContext>>().CreateDbContextAsync();
        string[] allowed = ["state", "env", "preset", "tag", "name", "owner", "id", "is", "age", "reward", "before", "gain", "candidates", "saved", "pairs", "rollouts", "seed", .. PlanSettings.ToDictionary(Presets.Create("smoke")).Keys];
        var tables = context.Model.GetEntityTypes().ToList();
        var names = tables.SelectMany(t => t.GetProperties().Select(p => p.Name).Concat(t.GetNavigations().Select(n => n.Name)).SelectMany(p => (string[])[p, $"{t.ClrType.Name}.{p}", $"{t.GetTableName()}.{p}"]))
            .Concat(tables.Select(t => t.GetTableName()!)).Concat(["__class__", "constructor", "GetType", "rowid", "sqlite_master", "sql", "json_extract", "ToString", "Length"])
            .Select(n => new string([.. n.Where(c => char.IsAsciiLetterOrDigit(c) || c == '.')])).Distinct(StringComparer.OrdinalIgnoreCase).Except(allowed, StringComparer.OrdinalIgnoreCase).ToList();
        Assert.Contains("Users.PasswordHash", names);
        Assert.True(names.Count > 200);

        // The refusal names the field, and the field is refused wherever it stands: alone, with a minus, after something that is allowed.
        foreach (var name in names)
        {
            var filter = new SeededRandom((uint)name.Length).Next(2) == 0 ? $"{name}:a" : $"state:finished -{name}>0";
            var refused = Assert.Throws<RunFilterException>(() => RunFilter.Parse(filter, DateTimeOffset.UnixEpoch));
            Assert.Contains($"There is no field '{name}'", refused.Message, StringComparison.Ordinal);
        }

        foreach (var name in names.Where(n => n.Contains("Hash", StringComparison.Ordinal)))
        {
            using var answer = await client.GetAsync($"/api/v1/runs/find?q={name}:a");
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Filters_Random_ReadRunsAndNothingElse()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);
        await server.Get<AccountStore>().CreateAsync("Hidden Person", UserRole.Admin, "hash-of-a-password", default);
        await using var context = await server.Get<IDbContextFactory<RroDbContext>>().CreateDbContextAsync();
        var random = new SeededRandom(23);
        string[] parts =
        [
            "state", "env", "tag", "name", "owner", "id", "is", "age", "reward", "seed", "Explore.MaxCandidates", "Users.PasswordHash", ":", "=", "!=", "<", ">=", ",", "-", "\"", " ", "'", "%", "_", "\\", ";", "--",
            "(", ")", "||", "SELECT", "UNION", "finished", "0.6", "1e400", "NaN", "{0}", "{{", "$p0", "@p0", "u.PasswordHash", "\u202e", "💩", "\ud800", "json_extract(", "$.a", "[0]",
        ];
        var (read, refused) = (0, 0);
        for (var i = 0; i < Tries; i++)
        {
            var text = string.Concat(Enumerable.Range(0, 1 + random.Next(12)).Select(_ => parts[random.Next(parts.Length)]));
            IQueryable<Data.Entities.RunEntity> query;
            try
            {
                query = RunFilter.Parse(text, DateTimeOffset.UnixEpoch).Apply(context.Runs);
            }
            catch (RunFilterException)
            {
                refused++;
                continue;
            }

            var sql = query.ToQueryString();
            Assert.DoesNotContain("\"Users\"", sql, StringComparison.Ordinal);
            Assert.DoesNotContain("ApiTokens", sql, StringComparison.Ordinal);
            Assert.DoesNotContain("Invitations", sql, StringComparison.Ordinal);
            if (read++ % 10 == 0)
            {
                // And the database takes every one of them.
                Assert.InRange(await query.CountAsync(), 0, 1);
            }
        }

        Assert.True(read > 200 && refused > 200, $"{read} were read and {refused} refused: the words are not mixed well.");
    }

    [Theory]
    [InlineData("/api/v1/runs/find?sort=PasswordHash")]
    [InlineData("/api/v1/runs/find?sort=name;DROP TABLE Runs")]
    [InlineData("/api/v1/runs/find?sort=Owner.PasswordHash")]
    public async Task Sort_ByWhatIsNoColumn_IsRefusedOrAsUsual(string path)
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);
        using var client = await server.SignInAsync();

        using var answer = await client.GetAsync(path);

        if (answer.StatusCode != HttpStatusCode.BadRequest)
        {
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Contains(run, (await answer.Content.ReadFromJsonAsync<JsonElement>()).ToString(), StringComparison.Ordinal);
        }
    }
}
