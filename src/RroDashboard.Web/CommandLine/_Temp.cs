using System.CommandLine;
namespace RroDashboard.Web.CommandLine;

    internal sealed class TrainCommand(CommandConsole console) { public Command Create() { _ = console; return new("train"); } }
    internal sealed class BenchCommand(CommandConsole console) { public Command Create() { _ = console; return new("bench"); } }
    internal static class EngineProbe { public static IEnumerable<Finding> Look() => []; }
    internal sealed partial class DoctorCommand2 { }

