using RroDashboard.Web.CommandLine;
using RroDashboard.Web.Hosting;

return await RroCommandLine.RunAsync(args, runner: new TrainingRunner(TimeProvider.System));
