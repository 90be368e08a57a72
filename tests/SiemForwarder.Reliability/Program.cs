using SiemForwarder.Reliability;
using Xunit.Runner.InProc.SystemConsole;

return args.FirstOrDefault() switch
{
    "list" => ReliabilityCommand.List(Console.Out),
    "run" => await ReliabilityCommand.RunAsync(args[1..]),
    _ => await ConsoleRunner.Run(args),
};
