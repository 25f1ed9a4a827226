using System.Net;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Data;

namespace RroDashboard.Web.Tests.Hosting;

public sealed class HealthTests
{
    [Fact]
    public async Task Ready_RunsCannotBeRead_SaysUnavailableWhileLiveStaysWell()
    {
        await using var server = await LiveServer.StartAsync((_, _) => { });
        using var client = new HttpClient { BaseAddress = server.Url };
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/ready")).StatusCode);

        var database = await server.Get<IDbContextFactory<RroDbContext>>().CreateDbContextAsync();
        await using (database)
        {
            await database.Database.ExecuteSqlRawAsync("alter table Runs rename to Gone");
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/health/ready")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/live")).StatusCode);
    }
}
