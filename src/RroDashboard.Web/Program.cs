return await RroDashboard.Web.CommandLine.RroCommandLine.RunAsync(args);
