using System.Globalization;
using SiemForwarder.Benchmarks;

switch (args.FirstOrDefault())
{
    case "catch-up":
        await CatchUp.RunAsync(Number(1, 500_000));
        return 0;
    case "stages":
        await Stages.RunAsync();
        return 0;
    case "pushes":
        await Pushes.RunAsync();
        return 0;
    case "latency":
        await Pushes.RunSteadyAsync(Number(1, 1000));
        return 0;
    case "throughput":
        await Throughput.RunAsync(Number(1, 600_000), Number(2, 5), args.Contains("http"), args.Contains("single"));
        return 0;
    case "scale":
        await Scale.RunAsync(Number(1, 500), Number(2, 1));
        return 0;
    case "memory":
        await Residence.RunAsync(Number(1, 300), Number(2, 50_000));
        return 0;
    case "growth":
        await Growth.RunAsync(args.Contains("bounds"));
        return 0;
    case "console":
        await ConsoleSpeed.RunAsync(Number(1, 1_000_000), Number(2, 1000));
        return 0;
    case "detections" when args.Contains("stored"):
        await DetectionEndToEnd.RunAsync();
        return 0;
    case "detections":
        DetectionSpeed.Run();
        await DetectionEndToEnd.RunAsync();
        return 0;
    case "dictionary" when args.Length == 3:
        SegmentDictionary.Train(args[1], args[2]);
        return 0;
    default:
        Console.Error.WriteLine("Usage: catch-up [events] | throughput [events] [runs] [http] [single] | latency [posts a second] | stages | scale [sources] [events a second of each] | memory [integrations] [events] | pushes | growth [bounds] | console [events] [integrations] | detections [stored] | dictionary <fixtures> <file>");
        return 1;
}

int Number(int place, int otherwise) => args.Length > place && int.TryParse(args[place], CultureInfo.InvariantCulture, out var number) ? number : otherwise;
