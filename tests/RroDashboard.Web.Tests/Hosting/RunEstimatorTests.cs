using Microsoft.EntityFrameworkCore;
using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Web.Tests.Hosting;

public sealed class RunEstimatorTests
{
    // The newest runs may all be of another device; those of this one are what its estimate is made after.
    [Fact]
    public async Task EstimateAsync_NewestRunsOnAnotherDevice_LearnsFromThoseOnThisOne()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        var store = server.Get<RunStore>();
        await NewAsync("cuda", 1);
        await NewAsync("cpu", RunEstimator.MaxMeasured + 1);
        await server.Get<JournalWriter>().FlushAsync(default);
        await using (var context = await server.Get<IDbContextFactory<RroDbContext>>().CreateDbContextAsync())
        {
            await context.Database.ExecuteSqlRawAsync("UPDATE Runs SET State = 'Finished', EndedTicks = 1, BudgetJson = '{{}}'");
        }

        Assert.Equal(1, await MeasuredAsync("cuda"));
        // Two names of one card.
        Assert.Equal(1, await MeasuredAsync("cuda:0"));
        Assert.Equal(0, await MeasuredAsync("cuda:1"));
        Assert.Equal(RunEstimator.MaxMeasured, await MeasuredAsync("cpu"));

        async Task NewAsync(string device, int runs)
        {
            for (var i = 0; i < runs; i++)
            {
                var run = await store.CreateAsync(On(device), $"{device}-{i}", default);
                server.Get<JournalWriter>().Open(run.Id).Record(new StageFinished(Stage.Sft, 10));
            }
        }

        async Task<int> MeasuredAsync(string device) => (await server.Get<RunEstimator>().EstimateAsync(On(device), default)).MeasuredRuns;

        static RunPlan On(string device)
        {
            var plan = Presets.Create("demo");
            plan.Model.Device = device;
            return plan;
        }
    }
}
